"""MTI-Net: predictions and exchange between tasks at every scale, propagated from coarse to fine."""

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import NECKS
from ..blocks.residual import basic_block, two_basic_blocks
from ..net import Taps, TapSpec
from .pad_net import Distillation
from .task_neck import check_tasks


class SqueezeExcite(nn.Module):
    """Scales each channel by a factor in (0, 1) computed from the means of all channels.

    Args:
        channels: number of channels of the feature.
        ratio: reduction ratio of the hidden layer.
    """

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        inner = max(1, channels // ratio)
        self.squeeze = nn.Sequential(nn.Linear(channels, inner), nn.ReLU(True), nn.Linear(inner, channels), nn.Sigmoid())

    def forward(self, feature: Tensor) -> Tensor:
        """(B, channels, h, w) -> the same."""
        return feature * self.squeeze(feature.mean((2, 3)))[..., None, None]


class FeaturePropagation(nn.Module):
    """Propagates to the next finer scale: all tasks' features, gated over the tasks and reduced, plus the task's feature.

    Args:
        tasks: the task names.
        channels: number of channels of every feature.
        faithful_to_release: gate over neighbouring channels instead of over tasks, as in the survey's code.
    """

    def __init__(self, tasks: Sequence[str], channels: int, faithful_to_release: bool = False) -> None:
        super().__init__()
        self.tasks, self.channels, self.over_channels = tuple(tasks), channels, faithful_to_release
        everything = len(tasks) * channels
        inner = everything // 4
        self.gate = nn.Sequential(two_basic_blocks(everything, inner), nn.Conv2d(inner, everything, 1))
        self.reduce = basic_block(everything, channels)
        self.excite = nn.ModuleDict({task: SqueezeExcite(channels) for task in tasks})

    def forward(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Task -> (B, channels, h, w), before to after."""
        everything = torch.cat([own[task] for task in self.tasks], 1)
        split, dim = ((self.channels, len(self.tasks)), 2) if self.over_channels else ((len(self.tasks), self.channels), 1)
        gate = self.gate(everything).unflatten(1, split).softmax(dim).flatten(1, 2)
        shared = self.reduce(gate * everything)
        return {task: self.excite[task](shared) + own[task] for task in self.tasks}


@NECKS.register_module()
class MTINetNeck(nn.Module):
    """MTI-Net after one shared trunk, the survey's definition; KDAM's Table 1 form could not be reconstructed.

    At each scale, coarsest first, every task has two residual blocks on the trunk's feature and the feature propagated from
    the coarser scale (``<task>.scale0``, ... after the exchange; 0 is the finest), a prediction (``<task>.aux0``, ...,
    supervised by the loss of the task with its weight), and PAD-Net's exchange with the other tasks. ``<task>.in`` is the
    concatenation of all scales of a task, resized to the finest one; ``shared`` is the same for the trunk. The survey uses
    the head :class:`~mtkd.models.heads.PointwiseHead`.

    Source: Vandenhende et al. 2020, fact sheet 4.3, 5.5 and 7: 17.961 M parameters, 23.8 G multiply-accumulates at 448x576
    with HRNet18 on NYUD; KDAM prints 12.56 M and 19.14 G. Difference: features are resized to the size of the finer one
    instead of by the factor 2, so that images may have any size.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        lateral_channels: when given, a 1x1 convolution first projects every scale to this width (an addition for small
            budgets and trunks with wide coarse scales; None as in the paper).
        faithful_to_release: gate over neighbouring channels, which results from the view order in the survey's code; the
            default gates over tasks, as in the paper.

    Attributes:
        tap_specs: channels and stride of every tap it makes.

    Raises:
        ValueError: fewer than two tasks or two scales, scales that are not ordered from fine to coarse, or too narrow.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 lateral_channels: int | None = None, faithful_to_release: bool = False) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        _check_scales(strides)
        self.laterals = nn.ModuleList(nn.Conv2d(c, lateral_channels, 1) for c in in_channels) if lateral_channels else None
        channels = [lateral_channels] * len(in_channels) if lateral_channels else list(in_channels)
        if len(self.tasks) * min(channels) < 4:
            raise ValueError(f'MTINetNeck: {len(self.tasks)} tasks of {min(channels)} channels are too few channels to be '
                             f'reduced to a quarter; give wider scales.')
        coarser = [*channels[1:], 0]
        self.refine = nn.ModuleList(nn.ModuleDict({task: two_basic_blocks(c + more, c) for task in self.tasks})
                                    for c, more in zip(channels, coarser, strict=True))
        self.aux = nn.ModuleList(nn.ModuleDict({task: nn.Conv2d(c, out_channels[task], 1) for task in self.tasks})
                                 for c in channels)
        self.propagate = nn.ModuleList(FeaturePropagation(self.tasks, c, faithful_to_release) for c in channels[1:])
        self.distil = nn.ModuleList(Distillation(self.tasks, c) for c in channels)
        self.tap_specs = {'shared': TapSpec(sum(channels), strides[0])}
        for task in self.tasks:
            for i, (c, stride) in enumerate(zip(channels, strides, strict=True)):
                self.tap_specs[f'{task}.scale{i}'] = TapSpec(c, stride)
                self.tap_specs[f'{task}.aux{i}'] = TapSpec(out_channels[task], stride)
            self.tap_specs[f'{task}.in'] = TapSpec(sum(channels), strides[0])

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        if self.laterals is not None:
            features = [lateral(feature) for lateral, feature in zip(self.laterals, features, strict=True)]
        taps: Taps = {'shared': _concatenated(features)}
        handed: dict[str, Tensor] = {}
        for i in reversed(range(len(features))):
            own = {task: refine(self._input(features[i], handed.get(task))) for task, refine in self.refine[i].items()}
            taps.update({f'{task}.aux{i}': predict(own[task]) for task, predict in self.aux[i].items()})
            taps.update({f'{task}.scale{i}': value for task, value in self.distil[i](own).items()})
            if i:
                handed = self.propagate[i - 1](own)
        for task in self.tasks:
            taps[f'{task}.in'] = _concatenated([taps[f'{task}.scale{i}'] for i in range(len(features))])
        return taps

    @staticmethod
    def _input(feature: Tensor, handed: Tensor | None) -> Tensor:
        return feature if handed is None else torch.cat((feature, _resized(handed, feature)), 1)


def _check_scales(strides: Sequence[int]) -> None:
    if len(strides) < 2 or any(fine >= coarse for fine, coarse in itertools.pairwise(strides)):
        raise ValueError(f'MTINetNeck passes features from coarse to fine scales, but the trunk has the strides '
                         f'{list(strides)}; it needs two or more, finest first: set model.net.backbone.out_indices.')


def _resized(feature: Tensor, like: Tensor) -> Tensor:
    size = like.shape[-2:]
    return feature if feature.shape[-2:] == size else F.interpolate(feature, size=size, mode='bilinear', align_corners=False)


def _concatenated(features: Sequence[Tensor]) -> Tensor:
    return torch.cat([_resized(feature, features[0]) for feature in features], 1)
