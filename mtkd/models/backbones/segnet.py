"""SegNet as in KD4MTL and MTAN: an encoder with pooling indices and a mirrored decoder that unpools with them."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import BACKBONES

FILTERS = (64, 128, 256, 512, 512)
ENCODER_CONVS = (2, 2, 3, 3, 3)  # convolutions of each stage, outermost scale first
DECODER_CONVS = (3, 3, 3, 2, 2)  # in execution order, innermost scale first


def conv3x3(in_channels: int, out_channels: int) -> nn.Sequential:
    """A 3x3 convolution (with the bias that the authors' parameter counts include), batch norm, ReLU."""
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.BatchNorm2d(out_channels), nn.ReLU(True))


def init_xavier(module: nn.Module) -> None:
    """Initialise every convolution with Xavier-normal weights and zero biases."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.xavier_normal_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def scaled_filters(width: float) -> tuple[int, ...]:
    """SegNet's filters times ``width``.

    Raises:
        ValueError: ``width`` leaves no filter.
    """
    filters = tuple(round(width * count) for count in FILTERS)
    if min(filters) < 1:
        raise ValueError(f'SegNet: width={width} leaves {min(filters)} of {min(FILTERS)} filters; give 1/64 or more.')
    return filters


class Pooling(NamedTuple):
    """The information needed for unpooling.

    Attributes:
        indices: (B, C, h, w) int64, the position of each maximum.
        size: (H, W) before pooling.
    """

    indices: Tensor
    size: tuple[int, int]


def pool(feature: Tensor) -> tuple[Tensor, Pooling]:
    """(B, C, H, W) -> its 2x2 maxima (B, C, ceil(H / 2), ceil(W / 2)), and their positions."""
    pooled, indices = F.max_pool2d(feature, 2, ceil_mode=True, return_indices=True)
    return pooled, Pooling(indices, (feature.shape[-2], feature.shape[-1]))


def unpool(feature: Tensor, pooling: Pooling) -> Tensor:
    """(B, C, h, w) -> (B, C, H, W): each value at the position of the maximum, 0 elsewhere."""
    return F.max_unpool2d(feature, pooling.indices, 2, output_size=list(pooling.size))


class Stage(nn.Module):
    """The convolutions of one scale.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels of every convolution.
        num_convs: number of convolutions.
    """

    def __init__(self, in_channels: int, out_channels: int, num_convs: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(conv3x3(out_channels if i else in_channels, out_channels) for i in range(num_convs))

    def forward(self, feature: Tensor) -> tuple[Tensor, Tensor]:
        """(B, in_channels, h, w) -> the outputs of the first and of the last convolution, (B, out_channels, h, w)."""
        first = last = self.convs[0](feature)
        for conv in self.convs[1:]:
            last = conv(last)
        return first, last


@BACKBONES.register_module()
class SegNet(nn.Module):
    """The shared trunk of KD4MTL's "SegNet split".

    Returns two levels: ``trunk.0``, after the fifth pooling (512 channels, stride 32; the paper's *mid*), and ``trunk.1``,
    the decoder's last feature (64 channels, stride 1; *last*). With the heads of
    :class:`~mtkd.models.heads.ConvPairHead` it has 25.055 M parameters for 13 + 1 + 3 channels (fact sheet 7).

    Difference: pooling rounds sizes up, so that the output has the size of the image. Sizes divisible by 32 are unaffected.

    Source: Badrinarayanan et al. 2017; the layout is that of Liu et al. 2019 (MTAN) and KD4MTL, fact sheet 4.3.

    Args:
        width: factor of all filters; 1 as in the papers, smaller values for small budgets.

    Attributes:
        channels: of the two levels.
        strides: of the two levels.
        filters: of the five scales.

    Raises:
        ValueError: ``width`` leaves no filter.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        filters = self.filters = scaled_filters(width)
        self.channels, self.strides = [filters[-1], filters[0]], [32, 1]
        self.encoder = nn.ModuleList(
            Stage(given, wanted, convs)
            for given, wanted, convs in zip((3, *filters[:-1]), filters, ENCODER_CONVS, strict=True))
        inward = filters[::-1]
        self.decoder = nn.ModuleList(
            Stage(given, wanted, convs)
            for given, wanted, convs in zip(inward, (*inward[1:], filters[0]), DECODER_CONVS, strict=True))
        init_xavier(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised image -> [(B, 512, ceil(H / 32), ceil(W / 32)), (B, 64, H, W)] at width 1."""
        poolings, feature = [], image
        for stage in self.encoder:
            feature, pooling = pool(stage(feature)[1])
            poolings.append(pooling)
        middle = feature
        for stage in self.decoder:
            feature = stage(unpool(feature, poolings.pop()))[1]
        return [middle, feature]
