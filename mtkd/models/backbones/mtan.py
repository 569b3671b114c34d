"""MTAN: a shared SegNet with task-specific attention at each scale."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import BACKBONES
from ..net import Taps, TapSpec
from .segnet import SegNet, conv3x3, init_xavier, pool, unpool


def mask(in_channels: int, channels: int) -> nn.Sequential:
    """Two 1x1 convolutions with batch norm, ReLU between and a sigmoid after: values in (0, 1) per channel and pixel."""
    return nn.Sequential(nn.Conv2d(in_channels, channels, 1), nn.BatchNorm2d(channels), nn.ReLU(True),
                         nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels), nn.Sigmoid())


class TaskAttention(nn.Module):
    """One task's masks over every scale of the encoder and of the decoder.

    Args:
        filters: number of filters of the five scales, outermost first.
    """

    def __init__(self, filters: Sequence[int]) -> None:
        super().__init__()
        # the input of an encoder mask is the shared feature and, except for the first, the task feature of the same width
        self.encoder = nn.ModuleList(mask(2 * c if i else c, c) for i, c in enumerate(filters))
        # the input of a decoder mask is the unpooled shared feature, as wide as its stage's input, and the task feature
        inward = tuple(filters)[::-1]
        outputs = (*inward[1:], filters[0])
        self.decoder = nn.ModuleList(mask(given + wanted, wanted) for given, wanted in zip(inward, outputs, strict=True))


@BACKBONES.register_module()
class MTAN(nn.Module):
    """A trunk that produces a feature per task; with one task it is the single-task form, STAN.

    Taps: ``<task>.mid``, the output of the encoder's attention (512 channels, stride 32), ``<task>.in``, the output of the
    decoder's attention (64 channels, stride 1), which is the input of the task's head, and ``shared``, the last feature of
    the shared decoder. At scale j of the encoder, the feature of a task is

        pool(conv3x3(mask(cat(first, previous)) * last)),

    where ``first`` and ``last`` are the outputs of the first and last convolutions of the shared stage; the convolution is
    shared by the tasks, the mask is task-specific. In the decoder, the previous feature is upsampled and passed through a
    convolution shared by the tasks; the mask, computed from it and the unpooled shared feature, multiplies the output of the
    shared stage.

    With heads for 13 + 1 + 3 channels it has 44.229 M parameters, for 13 only 38.186 M (fact sheet 7).

    Source: Liu, Johns and Davison 2019, equations 1 to 3; bilinear upsampling with aligned corners as in the authors' code.
    Difference: sizes that are not divisible by 32 are rounded up, as in :class:`~mtkd.models.backbones.SegNet`.

    Args:
        tasks: the tasks' names; given by the network.
        width: factor of all filters.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: no tasks, or ``width`` leaves no filter.
    """

    def __init__(self, tasks: Sequence[str] = (), width: float = 1.0) -> None:
        super().__init__()
        if not tasks:
            raise ValueError('MTAN makes a feature per task and was given no tasks: it is a trunk, set it as '
                             'model.net.trunk.')
        self.backbone = SegNet(width)
        filters = self.backbone.filters
        self.attention = nn.ModuleDict({task: TaskAttention(filters) for task in tasks})
        self.encoder_convs = nn.ModuleList(
            conv3x3(given, wanted) for given, wanted in zip(filters, (*filters[1:], filters[-1]), strict=True))
        inward = filters[::-1]
        self.decoder_convs = nn.ModuleList(
            conv3x3(given, wanted) for given, wanted in zip(inward, (*inward[1:], filters[0]), strict=True))
        init_xavier(self)
        self.tap_specs = {'shared': TapSpec(filters[0], 1)}
        for task in tasks:
            self.tap_specs[f'{task}.mid'] = TapSpec(filters[-1], 32)
            self.tap_specs[f'{task}.in'] = TapSpec(filters[0], 1)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        poolings, shared = [], image
        own: dict[str, Tensor] = {}
        for scale, (stage, conv) in enumerate(zip(self.backbone.encoder, self.encoder_convs, strict=True)):
            first, last = stage(shared)
            for task, attention in self.attention.items():
                seen = torch.cat((first, own[task]), 1) if task in own else first
                own[task] = F.max_pool2d(conv(attention.encoder[scale](seen) * last), 2, ceil_mode=True)
            shared, pooling = pool(last)
            poolings.append(pooling)
        middle = dict(own)
        for scale, (stage, conv) in enumerate(zip(self.backbone.decoder, self.decoder_convs, strict=True)):
            unpooled = unpool(shared, poolings.pop())
            _, shared = stage(unpooled)
            for task, attention in self.attention.items():
                feature = conv(F.interpolate(own[task], unpooled.shape[-2:], mode='bilinear', align_corners=True))
                own[task] = attention.decoder[scale](torch.cat((unpooled, feature), 1)) * shared
        taps = {'shared': shared}
        for task in self.attention:
            taps[f'{task}.mid'], taps[f'{task}.in'] = middle[task], own[task]
        return taps
