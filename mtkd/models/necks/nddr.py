"""NDDR-CNN: every task's feature is a 1x1 convolution of all tasks'."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import NECKS
from .task_neck import TaskNeck


class NDDRUnit(nn.Module):
    """G_t = ReLU(BN(W_t cat(F))), with W_t initialised to ``own`` times the identity for the task itself and ``other`` times
    for others.

    Args:
        num_tasks: T.
        channels: number of channels of every feature.
        own: see above.
        other: see above.
    """

    def __init__(self, num_tasks: int, channels: int, own: float = 0.9, other: float = 0.1) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(nn.Sequential(nn.Conv2d(num_tasks * channels, channels, 1, bias=False),
                                                  nn.BatchNorm2d(channels, momentum=0.05), nn.ReLU(True))
                                    for _ in range(num_tasks))
        with torch.no_grad():
            for t, layer in enumerate(self.reduce):
                blocks = [torch.eye(channels) * (own if s == t else other) for s in range(num_tasks)]
                layer[0].weight.copy_(torch.cat(blocks, 1)[..., None, None])

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """T (B, channels, h, w) -> T of the same."""
        everything = torch.cat(list(features), 1)
        return [layer(everything) for layer in self.reduce]


@NECKS.register_module()
class NDDRNeck(TaskNeck):
    """One NDDR layer on the tasks' features after one shared trunk, ``style='lite'``.

    Source: Gao et al. 2019, in the form whose cost KDAM's Table 1 prints (fact sheet 4.4): 0.0724 M parameters beyond the
    baseline with four tasks; batch norm's momentum .05 and the diagonal start are the survey's. The form with separate
    networks is the trunk :class:`~mtkd.models.backbones.SoftSharedTrunk`.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        out_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        lateral_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        own: initial weight of a task's own feature (.9 on NYUD, .8 on PASCAL).
        other: initial weight of the features of each other task (.1 on NYUD, .05 on PASCAL).
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 67, lateral_channels: int | None = None, own: float = 0.9, other: float = 0.1) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels)
        self.unit = NDDRUnit(len(self.tasks), channels, own, other)

    def fuse(self, own: dict[str, Tensor]) -> dict[str, Tensor]:
        """See :class:`TaskNeck`."""
        return dict(zip(self.tasks, self.unit([own[task] for task in self.tasks]), strict=True))
