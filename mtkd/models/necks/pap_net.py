"""PAP-Net: diffusion of each task's feature along affinities between positions, mixed over the tasks."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import NECKS
from .task_neck import TaskNeck, conv_bn_relu


@NECKS.register_module()
class PAPNeck(TaskNeck):
    """Pattern-affine propagation, *approximate*: there is no public code.

    Each task is predicted (``<task>.aux``, supervised). At a coarse stride, f_t = conv1x1(F_t), the affinity of all pairs of
    positions is M_t = softmax over rows of f_t f_t^T, the tasks' are mixed by learned weights, M^_t = sum_s softmax(a_t)_s
    M_s, and the feature diffuses ``steps`` times, F <- b M^_t F + (1 - b) F_0. It is resized to the fine size, concatenated
    with F_t and reduced by a 1x1 convolution with norm and ReLU.

    Source: Zhang et al. 2019, reimplemented from its description, fact sheet 4.3 and 4.4 (stride 16, b = .05, one step).
    With HRNet18 on NYUD 4.56 M parameters against 4.54 M printed by KDAM, but 18.36 G multiply-accumulates against 53.04 G:
    the printed figure implies affinities at a finer stride. The inner width is our choice, and the pair-wise affinity loss
    is omitted.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        out_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        lateral_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        affinity_channels: width of f_t; None: a quarter of ``channels``.
        affinity_stride: stride, relative to the image, at which positions are compared; the cost is proportional to its
            inverse fourth power.
        beta: b.
        steps: number of diffusion steps.

    Raises:
        ValueError: the trunk's finest stride does not divide ``affinity_stride``, b is not in 0..1, or no steps.
    """

    approximate = True

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 67, lateral_channels: int | None = None, affinity_channels: int | None = None,
                 affinity_stride: int = 16, beta: float = 0.05, steps: int = 1) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels, aux=True)
        if affinity_stride % self.concat.stride:
            raise ValueError(f'PAPNeck: affinity_stride={affinity_stride} is not a multiple of {self.concat.stride}, the '
                             f'stride of the finest scale; give a multiple.')
        if not 0 <= beta <= 1 or steps < 1:
            raise ValueError(f'PAPNeck: beta={beta}, steps={steps}; beta must be between 0 and 1, and steps 1 or more.')
        self.shrink = affinity_stride // self.concat.stride
        self.beta, self.steps = beta, steps
        inner = affinity_channels or max(1, channels // 4)
        self.embed = nn.ModuleDict({task: nn.Conv2d(channels, inner, 1, bias=False) for task in self.tasks})
        self.mixing = nn.Parameter(torch.zeros(len(self.tasks), len(self.tasks)))
        self.merge = nn.ModuleDict({task: conv_bn_relu(2 * channels, channels) for task in self.tasks})

    def fuse(self, own: dict[str, Tensor]) -> dict[str, Tensor]:
        """See :class:`TaskNeck`."""
        coarse = {task: F.avg_pool2d(feature, self.shrink, ceil_mode=True) for task, feature in own.items()}
        affinity = torch.stack([self._affinity(task, coarse[task]) for task in self.tasks], 1)
        weights = self.mixing.softmax(1)
        fused = {}
        for t, task in enumerate(self.tasks):
            mixed = (weights[t].view(1, -1, 1, 1) * affinity).sum(1)
            spread = self._diffuse(coarse[task], mixed)
            size = own[task].shape[-2:]
            if spread.shape[-2:] != size:
                spread = F.interpolate(spread, size=size, mode='bilinear', align_corners=False)
            fused[task] = self.merge[task](torch.cat((own[task], spread), 1))
        return fused

    def _affinity(self, task: str, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, hw, hw), rows sum to 1."""
        places = self.embed[task](feature).flatten(2)
        return torch.matmul(places.transpose(1, 2), places).float().softmax(-1)

    def _diffuse(self, feature: Tensor, affinity: Tensor) -> Tensor:
        """Diffuse (B, C, h, w) along (B, hw, hw) -> (B, C, h, w)."""
        first = feature.flatten(2).transpose(1, 2)
        spread = first
        for _ in range(self.steps):
            spread = self.beta * torch.matmul(affinity.to(first.dtype), spread) + (1 - self.beta) * first
        return spread.transpose(1, 2).reshape(feature.shape)
