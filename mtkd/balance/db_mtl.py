"""DB-MTL: logarithmic losses and gradients of equal length."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..registry import BALANCES
from .balance import Seen
from .direction_balance import RememberingBalance

LEAST = 1e-8  # added to a loss before the logarithm


@BALANCES.register_module()
class DBMTL(RememberingBalance):
    """Sums the moving averages of the gradients of log L_t, each scaled to the length of the longest one.

    Heads are trained on log L_t as well. Losses must be positive.

    Args:
        beta: β in β_k = β / k^σ, the fraction of the average that is kept at step k; 0: no averaging.
        beta_sigma: σ.
        **place: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Lin et al. 2023, Dual-balancing for multi-task learning, algorithm 1; LibMTL (of the same authors) at 4336804,
    weighting/DB_MTL.py.
    """

    def __init__(self, beta: float = 0.9, beta_sigma: float = 0.0, **place: Any) -> None:
        super().__init__(**place)
        if not 0 <= beta <= 1 or beta_sigma < 0:
            raise ValueError(f'balance: DBMTL has beta={beta} and beta_sigma={beta_sigma}; give 0 <= beta <= 1 and '
                             f'beta_sigma >= 0.')
        self.beta, self.beta_sigma = beta, beta_sigma
        self.count_steps()

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :meth:`DirectionBalance.direction`. The average of an absent task is kept, but not used."""
        stays = self.beta / (self.next_step() + 1) ** self.beta_sigma
        factors = torch.where(active, 1 / (seen.values + LEAST), torch.zeros_like(seen.values))
        kept = self.recall(at)
        moved = torch.where(active[:, None], torch.lerp(rows * factors[:, None], kept, stays), kept)
        self.keep(at, moved)
        norms = moved.norm(dim=1)
        longest = norms.masked_fill(~active, 0.0).amax()
        return torch.where(active & (norms != 0), longest / norms, torch.zeros_like(norms)) @ moved, factors
