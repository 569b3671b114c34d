"""MoCo: tracks moving averages of the tasks' gradients and their minimum-norm weights."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .balance import Seen
from .direction_balance import RememberingBalance


@BALANCES.register_module()
class MoCo(RememberingBalance):
    """y_t tracks L_t g_t / |g_t|; λ = softmax(λ - γ_k (Y Y' + ρ I) λ); the direction is Σ λ_t y_t.

    Args:
        beta: β in β_k = β / k^σ, the step size of y at step k.
        beta_sigma: σ.
        gamma: γ in γ_k = γ / k^σ, the step size of λ.
        gamma_sigma: the σ of γ_k.
        rho: ρ.
        **place: see :class:`~mtkd.balance.direction_balance.DirectionBalance`.

    Source: Fernando et al. 2023, Mitigating gradient bias in multi-objective learning, algorithm 1; the normalised
    gradients and the softmax are those of the authors' experiments, as in LibMTL at 4336804, weighting/MoCo.py. Instead of
    adding 1e-8 to the norm as it does, zero gradients are excluded, so that the result does not depend on the scale of the
    gradients.
    """

    weight: Tensor

    def __init__(self, beta: float = 0.5, beta_sigma: float = 0.5, gamma: float = 0.1, gamma_sigma: float = 0.5,
                 rho: float = 0.0, **place: Any) -> None:
        super().__init__(**place)
        self.beta, self.beta_sigma, self.gamma, self.gamma_sigma, self.rho = beta, beta_sigma, gamma, gamma_sigma, rho
        self.count_steps()

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('weight', torch.full((len(weights),), 1 / len(weights)))

    def direction(self, rows: Tensor, active: Tensor, seen: Seen, at: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """See :meth:`DirectionBalance.direction`. y and λ of absent tasks are kept, but not used."""
        step = self.next_step() + 1
        norms = rows.norm(dim=1)
        rows *= torch.where(active, seen.values / norms, torch.zeros_like(norms))[:, None]
        kept = self.recall(at)
        moved = kept + active[:, None] * (self.beta / step ** self.beta_sigma) * (rows - kept)
        self.keep(at, moved)
        matrix = moved @ moved.t() + self.rho * torch.eye(len(rows), device=rows.device)
        falling = self.weight - self.gamma / step ** self.gamma_sigma * (matrix @ (self.weight * active))
        used = torch.softmax(falling.masked_fill(~active, -torch.inf), 0)
        used = torch.where(active.any(), used, torch.zeros_like(used))
        self.weight.copy_(torch.where(active, used, self.weight))
        return used @ moved, torch.ones_like(used)
