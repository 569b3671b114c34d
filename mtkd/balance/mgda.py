"""MGDA: the shortest combination of the tasks' gradients."""

import numpy as np
import torch
from torch import Tensor

from ..registry import BALANCES
from .gradient_balance import GradientBalance

NORMALISERS = ('none', 'l2', 'loss', 'loss+')


@BALANCES.register_module()
class MGDA(GradientBalance):
    """Weights on the simplex that minimise ‖Σ w_t g_t‖; they sum to 1.

    With the default ``level='tap'`` this is MGDA-UB. The problem is solved exactly (:func:`min_norm`), where the authors
    iterate Frank-Wolfe steps. Their code differentiates Σ w_t L_t for heads as well (``heads='weighted'``); their
    algorithm 2 trains heads on L_t (``'plain'``).

    Args:
        normalise: what a gradient is divided by before the problem is solved: ``'none'``, ``'l2'`` its norm, ``'loss'``
            its loss, ``'loss+'`` both. The weights found are applied to the losses as they are, as in the authors' code.
            ``'loss+'`` is advised where tasks differ in scale.
        level, tap, heads, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Sener & Koltun 2018, equation 3 and algorithm 2; fact sheet 4.1.
    """

    def __init__(self, normalise: str = 'none', level: str = 'tap', tap: str = 'shared', heads: str = 'weighted',
                 include: str = 'tasks') -> None:
        super().__init__(level, tap, heads, include=include)
        if normalise not in NORMALISERS:
            raise ValueError(f"balance: MGDA has no normalise='{normalise}'; choose from {', '.join(NORMALISERS)}.")
        self.normalise = normalise

    def solve(self, gram: Tensor, tasks: Tensor, values: Tensor) -> Tensor:
        """See :meth:`GradientBalance.solve`."""
        matrix = gram.double().numpy()
        by = np.ones(len(matrix))
        if self.normalise in ('l2', 'loss+'):
            by = by * np.sqrt(matrix.diagonal())
        if self.normalise in ('loss', 'loss+'):
            by = by * values.double().numpy()
        return torch.from_numpy(min_norm(matrix / np.outer(by, by)))


def min_norm(gram: np.ndarray, tolerance: float = 1e-12) -> np.ndarray:
    """The point of least norm in the convex hull of T vectors, known by their Gramian.

    Wolfe's active-set method: exact, in about T small solves.

    Args:
        gram: (T, T) float64, positive semi-definite.
        tolerance: by how much, relative to the largest squared norm, a vector may still improve the point.

    Returns:
        (T,) float64 weights, none negative, of sum 1.

    Source: Wolfe, Finding the nearest point in a polytope, 1976.
    """
    count = len(gram)
    gram = gram / max(gram.diagonal().max(), np.finfo(float).tiny)
    weights = np.zeros(count)
    support = [int(gram.diagonal().argmin())]
    weights[support] = 1.0
    for _ in range(10 * count):
        slope = gram @ weights
        entering = int(slope.argmin())
        if entering in support or weights @ slope - slope[entering] <= tolerance:
            break
        support.append(entering)
        while True:
            target = _on_affine_hull(gram[np.ix_(support, support)])
            if (target > 0).all():
                weights[support] = target
                break
            now = weights[support]
            falling = target <= 0
            step = (now[falling] / np.maximum(now[falling] - target[falling], np.finfo(float).tiny)).min()
            now = now + min(step, 1.0) * (target - now)
            now[now <= 1e-15] = 0.0
            now[falling & (now <= now[falling].min())] = 0.0  # at least one leaves, rounding or not
            weights[support] = now
            support = [index for index in support if weights[index] > 0]
    return weights / weights.sum()


def _on_affine_hull(gram: np.ndarray) -> np.ndarray:
    """Weights of sum 1, of any sign, whose combination has the least norm."""
    count = len(gram)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = gram
    system[count, count] = 0.0
    right = np.zeros(count + 1)
    right[count] = 1.0
    return np.linalg.lstsq(system, right, rcond=None)[0][:count]
