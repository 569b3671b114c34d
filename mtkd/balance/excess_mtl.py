"""ExcessMTL: higher weights for tasks that are far from their optimum."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Seen
from .direction_balance import RememberingBalance


@BALANCES.register_module()
class ExcessMTL(RememberingBalance):
    """Multiplies w_t by exp(η e_t / e_t(0)), where e_t = Σ g² / √(Σ g² of all steps) estimates the excess risk of task t.

    The weights sum to the number of tasks and also apply to the heads. A task's weight is 1 before its first step.

    Args:
        step_size: η; .01 in LibMTL.
        **place: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: He et al. 2024, Robust multi-task learning with excess risks, equations 6 to 9; LibMTL at 4336804,
    weighting/ExcessMTL.py. Instead of adding 1e-7 under the root as it does, entries that never had a gradient are excluded,
    so that the result does not depend on the scale of the gradients.
    """

    weight: Tensor
    initial: Tensor

    def __init__(self, step_size: float = 0.01, **place: Any) -> None:
        super().__init__(**place)
        if step_size < 0:
            raise ValueError(f'balance: ExcessMTL has step_size={step_size}; give 0 or more.')
        self.step_size = step_size

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('weight', torch.ones(len(weights)))
        self.register_buffer('initial', torch.zeros(len(weights)))  # 0 means unknown

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :meth:`DirectionBalance.direction`. Absent tasks keep their weights; the others keep their sum."""
        squares = rows.square()
        sums = self.recall(at) + squares
        self.keep(at, sums)
        excess = torch.where(sums > 0, squares * sums.rsqrt(), torch.zeros_like(sums)).sum(1)
        known = active & (self.initial > 0)
        ratio = excess / torch.where(known, self.initial, torch.ones_like(self.initial))
        grown = self.weight * torch.exp(torch.where(known, self.step_size * ratio, torch.zeros_like(ratio)))
        whole, share = (self.weight * active).sum(), (grown * active).sum()
        self.initial.copy_(torch.where(active & (self.initial == 0), excess, self.initial))
        self.weight.copy_(torch.where(active, grown * whole / share, self.weight))
        used = self.weight * active
        return used @ rows, used
