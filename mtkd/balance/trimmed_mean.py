"""Trimmed mean: the entry-wise mean without the largest and smallest values."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Seen
from .direction_balance import DirectionBalance


@BALANCES.register_module()
class TrimmedMean(DirectionBalance):
    """The entry-wise mean of the tasks' gradients without the ``trim`` largest and smallest values.

    If a batch has too few tasks for this, as many values are dropped as possible while at least one remains.

    Args:
        trim: the number of values dropped at each end.
        level, tap, include: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Yin et al. 2018, Byzantine-robust distributed learning, definition 2; TorchJD's TrimmedMean.
    """

    levels = ('tap', 'params')

    def __init__(self, trim: int = 1, level: str = 'params', tap: str = 'shared', include: str = 'tasks') -> None:
        super().__init__(level, tap, include=include)
        if trim < 0:
            raise ValueError(f'balance: TrimmedMean has trim={trim}; give 0 or more.')
        self.trim = trim

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`.

        Raises:
            ValueError: there are too few tasks.
        """
        super().setup(weights, net, extra)
        if len(weights) < 2 * self.trim + 1:
            raise ValueError(f'balance: TrimmedMean with trim={self.trim} needs {2 * self.trim + 1} tasks or more; there '
                             f'are {len(weights)}.')

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :meth:`DirectionBalance.direction`."""
        ordered = rows.masked_fill_(~active[:, None], torch.inf).sort(0).values
        there = active.sum()
        trim = torch.minimum((there - 1).clamp_min(0) // 2, torch.full_like(there, self.trim))
        place = torch.arange(len(rows), device=rows.device)
        inside = (place >= trim) & (place < there - trim)
        mean = torch.where(inside[:, None], ordered, torch.zeros_like(ordered)).sum(0) / inside.sum().clamp_min(1)
        return mean, torch.ones(len(rows), device=rows.device)
