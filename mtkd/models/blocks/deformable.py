"""DeMT's deformable convolutions, which sample every channel at separate positions."""

import math

import torch
from torch import Tensor, nn
from torchvision.ops import deform_conv2d

from .context import full_precision


class ChannelOffsets(nn.Module):
    """Two 3x3 convolutions that predict a sampling offset (dy, dx), in pixels of the map, per channel and position.

    The weights of the first are initialised to zero, so that offsets are initially almost equal at all positions.

    Args:
        channels: number of channels.
        absolute: add the row and column of each position between the two convolutions, as in the released code: offsets then
            depend on the position in the image and grow with its size (fact sheet 5.4).
    """

    def __init__(self, channels: int, absolute: bool = False) -> None:
        super().__init__()
        self.absolute = absolute
        self.points = nn.Conv2d(channels, 18, 3, padding=1)
        self.spread = nn.Conv2d(18, 2 * channels, 3, padding=1, groups=2)
        nn.init.zeros_(self.points.weight)
        steps = torch.tensor([-1.0, 0.0, 1.0])
        grid = torch.cat((steps.repeat_interleave(3), steps.repeat(3)))
        self.register_buffer('grid', grid.view(1, 18, 1, 1), persistent=False)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, channels, h, w) -> (B, 2 channels, h, w)."""
        points = self.points(feature)
        if self.absolute:
            height, width = feature.shape[-2:]
            rows = torch.arange(1, height + 1, device=feature.device, dtype=points.dtype).view(1, 1, -1, 1)
            columns = torch.arange(1, width + 1, device=feature.device, dtype=points.dtype).view(1, 1, 1, -1)
            places = torch.cat((rows.expand(1, 9, height, width), columns.expand(1, 9, height, width)), 1)
            points = points + places + self.grid.to(points.dtype)
        return self.spread(points)


class ChannelDeformable(nn.Module):
    """A 1x1 convolution that samples every channel bilinearly at its own learned offset, with zeros outside the map.

    Args:
        channels: number of input and output channels.
        absolute: see :class:`ChannelOffsets`.
    """

    def __init__(self, channels: int, absolute: bool = False) -> None:
        super().__init__()
        self.offsets = ChannelOffsets(channels, absolute)
        self.weight = nn.Parameter(torch.empty(channels, channels, 1, 1))
        self.bias = nn.Parameter(torch.empty(channels))
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        nn.init.uniform_(self.bias, -channels ** -0.5, channels ** -0.5)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, channels, h, w) -> the same; sampled in float32."""
        offsets = self.offsets(feature)
        with full_precision(feature):
            sampled = deform_conv2d(feature.float(), offsets.float(), self.weight.float(), self.bias.float())
        return sampled.to(feature.dtype)


class DeformableMixer(nn.Module):
    """DeMT's encoder for one task: y + BN(GELU(deformable(y))) of y = BN(GELU(conv1x1(x))).

    The 1x1 convolution mixes channels, the deformable one mixes positions.

    Source: Xu et al. 2023, section 3.2; ``DefMixer`` of yangyangxu0/DeMT (b638e14) has the same order and, with its weights,
    the same outputs and gradients.

    Args:
        channels: number of input and output channels.
        absolute: see :class:`ChannelOffsets`.
    """

    def __init__(self, channels: int, absolute: bool = False) -> None:
        super().__init__()
        self.mix = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.GELU(), nn.BatchNorm2d(channels))
        self.deform = nn.Sequential(ChannelDeformable(channels, absolute), nn.GELU(), nn.BatchNorm2d(channels))

    def forward(self, feature: Tensor) -> Tensor:
        """(B, channels, h, w) -> the same."""
        mixed = self.mix(feature)
        return mixed + self.deform(mixed)
