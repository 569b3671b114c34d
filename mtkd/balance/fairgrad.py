"""FairGrad: α-fair weights."""

from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles, firm
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class FairGrad(GradientBalance):
    """Weights that solve G w = w^(-1/α), which give each task an α-fair share of the progress.

    The authors and TorchJD minimise the squared residual with SciPy, whose absolute tolerances end the search immediately if
    gradients are small. Here Newton's method solves it at any scale (:func:`fair`).

    Args:
        alpha: α; 0 is the mean, 1 proportional fairness, large values help the slowest task.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Ban & Ji 2024, Fair resource allocation in multi-task learning, equation 5.
    """

    def __init__(self, alpha: float = 2.0, **place: Any) -> None:
        super().__init__(**place)
        if alpha < 0:
            raise ValueError(f'balance: FairGrad has alpha={alpha}; give 0 or more.')
        self.alpha = alpha

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        return fair(gram, self.alpha) if self.alpha else np.full(len(tasks), 1 / len(tasks))


def fair(gram: np.ndarray, alpha: float, iterations: int = 200) -> np.ndarray:
    """The positive w with G w = w^(-1/α), by a Newton method damped so that all weights stay positive and the error
    decreases.

    The unknowns are the logarithms of the ratios of the weights to those for orthogonal gradients.

    Args:
        gram: (T, T) float64, positive semi-definite.
        alpha: α, above 0.
        iterations: the maximum number of iterations.

    Returns:
        (T,) float64.
    """
    norms, cosines = angles(gram)
    cosines = firm(cosines)
    log_alone = -2 * alpha / (1 + alpha) * np.log(norms)
    log_lengths = np.log(norms) + log_alone
    lengths = np.exp(log_lengths - log_lengths.max())  # y = norms · w, for orthogonal gradients
    matrix = lengths[:, None] * cosines * lengths
    barrier = lengths ** 2  # right-hand side of C y = norms^(1/α - 1) y^(-1/α) at y = lengths
    power = 1 - 1 / alpha

    def height(point: np.ndarray) -> float:
        falling = np.log(point) if power == 0 else (point ** power - 1) / power
        return point @ matrix @ point / 2 - barrier @ falling

    point = np.full(len(gram), 1 / np.sqrt(len(gram)))
    for _ in range(iterations):
        slope = matrix @ point - barrier * point ** (-1 / alpha)
        curve = matrix + np.diag(barrier / alpha * point ** (-1 / alpha - 1))
        root = 1 / np.sqrt(curve.diagonal())
        step = root * np.linalg.solve(curve * root[:, None] * root, root * slope)
        decrement = slope @ step
        with np.errstate(over='ignore'):
            size = min(1.0, 0.9 / max((step / point).max(), 0.9))
        now = height(point)
        while size > 1e-12 and height(point - size * step) > now - 1e-4 * size * decrement + 1e-15 * abs(now):
            size /= 2
        point = point - size * step
        if np.abs(step / point).max() < 1e-12:
            break
    return point * np.exp(log_alone)
