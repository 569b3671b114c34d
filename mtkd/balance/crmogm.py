"""CR-MOGM: the weights of another method, smoothed over steps."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class CRMOGM(GradientBalance):
    """w_k = α w_{k-1} + (1 - α) ŵ_k, where ŵ_k are the weights of another gradient balance.

    Args:
        method: the config of the other balance, such as ``dict(type='PCGrad')``, without the arguments in ``**place``.
        alpha: α; the weights of the first step are not smoothed.
        **place: level, tap, heads, seed, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Raises:
        ValueError: the other balance is not a gradient balance with :meth:`solve`.

    Source: Zhou et al. 2022, On the convergence of stochastic multi-objective gradient manipulation and beyond,
    algorithm 1; α is constant, as in TorchJD's CRMOGMWeighting.
    """

    remembers = ('last',)
    last: Tensor

    def __init__(self, method: Mapping[str, Any], alpha: float = 0.9, **place: Any) -> None:
        super().__init__(**place)
        cls = BALANCES.get(method['type'])
        if cls is not None and (not issubclass(cls, GradientBalance) or cls.solve is GradientBalance.solve):
            raise ValueError(f"balance: CRMOGM smooths a method that solves for weights, such as MGDA or PCGrad; "
                             f"{method['type']} does not.")
        own = {key: getattr(self, key) for key in ('level', 'tap', 'heads', 'include')}
        self.method: GradientBalance = BALANCES.build({**method, **own})
        if not 0 <= alpha <= 1:
            raise ValueError(f'balance: CRMOGM has alpha={alpha}; give 0 to 1.')
        self.alpha = alpha
        self.hears = self.method.hears

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.method.setup(weights, net, extra)
        self.register_buffer('last', torch.full((len(weights),), torch.nan, dtype=torch.float64))  # NaN: not set yet

    def begin(self, seed: int = 0) -> None:
        """See :meth:`Balance.begin`."""
        super().begin(seed)
        self.method.begin(seed if self.seed is None else self.seed)

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        new = np.atleast_2d(self.method.solve(gram, tasks, values))[0]
        last = self.memory['last']
        old = np.where(np.isnan(last[tasks]), new, last[tasks])
        last[tasks] = self.alpha * old + (1 - self.alpha) * new
        return last[tasks]
