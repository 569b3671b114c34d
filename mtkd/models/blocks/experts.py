"""Experts: pairs of a backbone and a neck whose outputs are mixed for each task."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ...registry import BACKBONES, NECKS


class Expert(nn.Module):
    """A backbone and a neck that produces one vector or map: image -> (B, channels, ...).

    Args:
        backbone: config of a backbone.
        neck: config of a neck; by default a :class:`~mtkd.models.necks.PoolNeck`, for image-level tasks.

    Attributes:
        channels: number of output channels.
        stride: stride of the output; 0 for a vector.

    Raises:
        ValueError: the neck produces a feature per task.
    """

    def __init__(self, backbone: Mapping[str, Any], neck: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.backbone = BACKBONES.build(dict(backbone))
        self.neck = NECKS.build({'type': 'PoolNeck', **(neck or {}), 'in_channels': self.backbone.channels,
                                 'strides': self.backbone.strides})
        if not hasattr(self.neck, 'out_channels'):
            raise ValueError(f"an expert computes one feature for all tasks, but {type(self.neck).__name__} computes one "
                             f"per task: give model.net.trunk.neck=dict(type='PoolNeck') for vectors, or ConcatNeck for "
                             f"maps.")
        self.channels: int = self.neck.out_channels
        self.stride: int = self.neck.stride

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, channels) or (B, channels, h, w)."""
        return self.neck(self.backbone(image))


def check_expert_trunk(trunk: nn.Module, tasks: Sequence[str], backbone: Mapping[str, Any] | None) -> None:
    """Refuse a trunk of experts without tasks or without a backbone.

    Raises:
        ValueError: one of them is missing.
    """
    name = type(trunk).__name__
    if not tasks:
        raise ValueError(f'{name} makes a feature per task and was given no tasks: it is a trunk, set it as '
                         f'model.net.trunk.')
    if backbone is None:
        raise ValueError(f"{name} needs the backbone of its experts, such as backbone=dict(type='TimmBackbone', "
                         f"name='resnet18').")


def own_experts_of(trunk: nn.Module, tasks: Sequence[str], count: int | Mapping[str, int]) -> dict[str, int]:
    """Task -> number of its own experts, from one number for all tasks or one per task.

    Raises:
        ValueError: a task has no number, a number is less than 1, or a number is given for an unknown task.
    """
    counts = dict(count) if isinstance(count, Mapping) else dict.fromkeys(tasks, count)
    if set(counts) != set(tasks) or min(counts.values()) < 1:
        raise ValueError(f'{type(trunk).__name__}: own_experts={counts} for the tasks {list(tasks)}; give one number of 1 '
                         f'or more, or one for each task.')
    return counts
