"""MoDo: multi-objective descent with double sampling."""

from typing import Any

import torch
from torch import Tensor

from ..registry import BALANCES
from .double_sampling import DoubleSampling, to_simplex


@BALANCES.register_module()
class MoDo(DoubleSampling):
    """λ takes the step -γ (J_1 J_2' λ + ρ λ) and is projected onto the simplex; the direction is Σ λ_t g_t of a third
    mini-batch.

    Args:
        gamma: γ.
        rho: ρ.
        **place: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Chen, Fernando et al. 2023, Three-way trade-off in multi-objective learning, algorithm 1; LibMTL at 4336804,
    weighting/MoDo.py.
    """

    def __init__(self, gamma: float = 1e-3, rho: float = 0.1, **place: Any) -> None:
        super().__init__(**place)
        if gamma <= 0 or rho < 0:
            raise ValueError(f'balance: MoDo has gamma={gamma} and rho={rho}; give gamma > 0 and rho >= 0.')
        self.gamma, self.rho = gamma, rho

    def moved(self, product: Tensor, weight: Tensor, active: Tensor) -> Tensor:
        """See :meth:`DoubleSampling.moved`."""
        weight = weight / torch.where(active.any(), weight.sum(), torch.ones_like(weight[0]))
        return to_simplex(weight - self.gamma * (product @ weight + self.rho * weight), active)
