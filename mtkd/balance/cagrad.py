"""CAGrad: the best direction for the worst task in a ball around the mean gradient."""

from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles, bordered, least, to_dual_cone
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class CAGrad(GradientBalance):
    """The direction in a ball around the mean gradient that maximises the improvement of the worst task.

    Solved exactly (:func:`averse`). If a combination of gradients vanishes and no direction in the ball improves all tasks,
    the mean gradient is projected so that it conflicts with no task; TorchJD returns zero weights in this case.

    Args:
        c: the radius of the ball, relative to the norm of the mean gradient.
        rescale: the divisor of the direction, as in the authors' code: 0: 1, as in the paper; 1: 1 + c²; 2: 1 + c.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Liu et al. 2021, Conflict-averse gradient descent, algorithm 1; Cranial-XIX/CAGrad.
    """

    def __init__(self, c: float = 0.4, rescale: int = 0, **place: Any) -> None:
        super().__init__(**place)
        if c < 0 or rescale not in (0, 1, 2):
            raise ValueError(f'balance: CAGrad has c={c} and rescale={rescale}; give c >= 0 and rescale 0, 1 or 2.')
        self.c, self.rescale = c, rescale

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        return averse(gram, self.c) / (1.0, 1 + self.c ** 2, 1 + self.c)[self.rescale]


def averse(gram: np.ndarray, c: float, iterations: int = 100) -> np.ndarray:
    """Weights of the d that maximises min_t g_t · d subject to |d - g_0| <= c |g_0|, with g_0 the mean of T gradients.

    d = g_0 + c |g_0| g_w / |g_w|, where w on the simplex minimises g_w · g_0 + c |g_0| |g_w|. For a given length s of g_w,
    this is the point of minimum norm in the convex hull of g_t + (s / c |g_0|) g_0. A root search finds s; it is exact once
    the set of tasks with nonzero weight is correct.

    Args:
        gram: (T, T) float64.
        c: as above.
        iterations: the maximum number of iterations of the root search.

    Returns:
        (T,).
    """
    count = len(gram)
    norms, cosines = angles(gram)
    sums = norms.min() / norms  # coefficients y of unit gradients, in units of the shortest gradient
    mean = 1 / (sums * count)
    along = cosines @ mean
    radius = c * np.sqrt(max(mean @ along, 0.0))
    if radius <= 1e-8 * c * mean.sum() or c == 0:
        return np.full(count, 1 / count)
    low, high = 0.0, 1 / (sums.min() * radius)  # bounds of s / radius
    shift = high / 2
    for _ in range(iterations):
        point = least(cosines, sums, shift * along)
        value = np.sqrt(max(point @ cosines @ point, 0.0))
        low, high = (shift, high) if value > radius * shift else (low, shift)
        if abs(value - radius * shift) <= 1e-12 * value or high - low <= 1e-15 * high:
            break
        support = np.flatnonzero(point)
        within = cosines[np.ix_(support, support)]
        fixed = bordered(within, sums[support], np.zeros(len(support)))
        moving = bordered(within, sums[support], along[support], 0.0)  # the point is fixed + shift * moving (orthogonal)
        rest = radius ** 2 - moving @ within @ moving
        target = np.sqrt(max(fixed @ within @ fixed, 0.0) / rest) if rest > 0 else np.inf
        shift = target if low < target < high else (low + high) / 2
    if value <= 1e-7 * point.sum():
        return to_dual_cone(norms, cosines, np.full(count, 1 / count))
    return 1 / count + radius / value * point * sums
