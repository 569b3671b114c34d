"""COSMOS: a weighted sum that rewards losses proportional to a preference vector."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ..registry import BALANCES
from .scalarization import Directed


@BALANCES.register_module()
class COSMOS(Directed):
    """Σ r_t L_t - λ cos(r, L), where r is the preference.

    The paper samples r at each step and feeds it to the network, which then learns the whole Pareto front; here r is fixed.

    Args:
        penalty: λ.
        preference: r; see :class:`~mtkd.balance.scalarization.Directed`.
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Ruchte & Grabocka 2021, Scalable Pareto front approximation, equation 5; ruchtem/cosmos at c198830,
    multi_objective/methods/cosmos/cosmos.py; tested against TorchJD's COSMOS.
    """

    def __init__(self, penalty: float = 2.0, preference: Sequence[float] | None = None, include: str = 'tasks') -> None:
        super().__init__(preference, include=include)
        if penalty < 0:
            raise ValueError(f'balance: COSMOS has penalty={penalty}; give 0 or more.')
        self.penalty = penalty

    def scalar(self, values: Tensor, active: Tensor) -> Tensor:
        """See :meth:`Scalarization.scalar`."""
        ray = self.ray * active
        values = torch.where(active, values, torch.zeros_like(values))
        return (ray * values).sum() - self.penalty * cosine_similarity(ray, values, dim=0)
