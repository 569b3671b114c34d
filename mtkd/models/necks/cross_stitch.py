"""Cross-Stitch: every task's feature is a learned mixture of all tasks'."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import NECKS
from .task_neck import TaskNeck


class CrossStitchUnit(nn.Module):
    """G_t = sum over s of A[t, s] * F_s, with a weight per channel.

    Args:
        num_tasks: T.
        channels: number of channels of every feature.
        own: initial value of A[t, t].
        other: initial value of A[t, s], s != t.
    """

    def __init__(self, num_tasks: int, channels: int, own: float = 0.9, other: float = 0.1) -> None:
        super().__init__()
        mixing = torch.full((num_tasks, num_tasks), other).fill_diagonal_(own)
        self.mixing = nn.Parameter(mixing[:, :, None].repeat(1, 1, channels))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """T (B, channels, h, w) -> T of the same."""
        weights = self.mixing[..., None, None]
        return [sum((row[s] * feature for s, feature in enumerate(features[1:], 1)), row[0] * features[0])
                for row in weights]


@NECKS.register_module()
class CrossStitchNeck(TaskNeck):
    """One cross-stitch unit on the tasks' features after one shared trunk, ``style='lite'``.

    Source: Misra et al. 2016, in the form whose cost KDAM's Table 1 prints (fact sheet 4.4): 4 * 4 * 67 scalars beyond the
    baseline with four tasks. The form with separate networks is the trunk
    :class:`~mtkd.models.backbones.SoftSharedTrunk`. The survey trains units with a 100 times higher learning rate; here they
    use that of the network (see ``optim_wrapper.paramwise_cfg``).

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
        self.stitch = CrossStitchUnit(len(self.tasks), channels, own, other)

    def fuse(self, own: dict[str, Tensor]) -> dict[str, Tensor]:
        """See :class:`TaskNeck`."""
        return dict(zip(self.tasks, self.stitch([own[task] for task in self.tasks]), strict=True))
