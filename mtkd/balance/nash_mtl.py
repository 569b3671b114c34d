"""Nash-MTL: the Nash bargaining solution for the update direction."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .angles import angles, firm
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class NashMTL(GradientBalance):
    """Weights that solve G w = 1 / w: the Nash bargaining solution, in which w_t g_t · Σ w_s g_s is the same for all tasks.

    Solved exactly (:func:`bargain`). The authors approximate the solution by a sequence of convex programs from the last
    weights, and so does TorchJD; if the direction of the last weights conflicts with a task, those programs have no solution
    and the weights stay unchanged (measured with TorchJD 0.18 on random gradients), although this is the case the method is
    made for.

    As in the authors' code, the bound ``max_norm`` applies only to the gradient of the shared parameters: with
    ``heads='weighted'``, heads use the unbounded weights. At ``level='layer:…'``, all parameters use the bounded weights.

    Args:
        max_norm: the maximum norm of the combined gradient of the shared parameters; 0: no bound. Without a bound, the norm
            is always √T.
        update_every: the number of steps between two solves; the last weights are kept in between.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Navon et al. 2022, equation 2 and algorithm 1; AvivNavon/nash-mtl at cce1840, methods/weight_methods.py.
    """

    remembers = ('last',)
    last: Tensor

    def __init__(self, max_norm: float = 1.0, update_every: int = 1, **place: Any) -> None:
        super().__init__(**place)
        if max_norm < 0 or update_every < 1:
            raise ValueError(f'balance: NashMTL has max_norm={max_norm} and update_every={update_every}; give max_norm >= 0 '
                             f'and update_every >= 1.')
        self.max_norm, self.update_every = max_norm, update_every
        self.count_steps()

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('last', torch.ones(len(weights), dtype=torch.float64))

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`; (2, A)."""
        last = self.memory['last']
        if self.next_step() % self.update_every == 0:
            last[tasks] = bargain(gram)
        weights = last[tasks]
        norms, cosines = angles(gram)
        lengths = norms * weights
        norm = np.sqrt(max(lengths @ cosines @ lengths, 0.0))
        shared = weights * (self.max_norm / norm) if self.max_norm and norm > self.max_norm else weights
        return np.stack([shared, weights])


def bargain(gram: np.ndarray, iterations: int = 100) -> np.ndarray:
    """The positive w with G w = 1 / w: the minimum of w'Gw / 2 - Σ log w.

    Newton's method, damped by 1 / (1 + decrement), which converges from any starting point because the function is
    self-concordant.

    Args:
        gram: (T, T) float64, positive semi-definite.
        iterations: the maximum number of iterations.

    Returns:
        (T,) float64.
    """
    norms, cosines = angles(gram)  # solved for unit gradients
    cosines = firm(cosines)
    weights = np.ones(len(gram))
    for _ in range(iterations):
        slope = cosines @ weights - 1 / weights
        step = np.linalg.solve(cosines + np.diag(weights ** -2.0), slope)
        decrement = np.sqrt(max(slope @ step, 0.0))
        weights = weights - step / (1 + decrement if decrement > 0.25 else 1)
        if decrement < 1e-10:
            break
    return weights / norms
