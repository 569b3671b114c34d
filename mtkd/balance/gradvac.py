"""GradVac: rotates gradients until their similarity reaches its moving average."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .angles import angles
from .gradient_balance import GradientBalance

ALIKE = 1e-6  # sine of the angle below which two gradients are not rotated further


@BALANCES.register_module()
class GradVac(GradientBalance):
    """Like PCGrad, but rotates a gradient towards another until their cosine reaches its moving average.

    Args:
        beta: the weight of each step's cosine in the moving average.
        **place: level, tap, heads, seed, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Wang et al. 2021, algorithm 1; tested against TorchJD's GradVacWeighting. The averages of absent tasks are not
    updated.
    """

    hears = frozenset({'seed'})
    remembers = ('cosines',)
    cosines: Tensor

    def __init__(self, beta: float = 0.5, **place: Any) -> None:
        super().__init__(**place)
        if not 0 <= beta <= 1:
            raise ValueError(f'balance: GradVac has beta={beta}; give 0 to 1.')
        self.beta = beta
        self.count_steps()

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('cosines', torch.zeros(len(weights), len(weights)))

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        rng = self.generator(self.next_step())
        orders = [rng.permutation(np.delete(np.arange(len(tasks)), i)) for i in range(len(tasks))]
        place: Any = np.ix_(tasks, tasks)
        rows, self.memory['cosines'][place] = turned(gram, self.memory['cosines'][place], orders, self.beta)
        return rows.sum(0)


def turned(gram: np.ndarray, usual: np.ndarray, orders: list[np.ndarray], beta: float) -> tuple[np.ndarray, np.ndarray]:
    """The rotated gradients and the new averages.

    Args:
        gram: (T, T), with a nonzero diagonal.
        usual: (T, T), the averages of the cosines.
        orders: per task, the order in which the others are processed.
        beta: the weight of a new cosine in the average.

    Returns:
        (T, T), whose row i holds the coefficients of the given gradients in the rotated g_i, and the averages (T, T).
    """
    norms, cosines = angles(gram)
    rows, usual = np.eye(len(gram)), usual.copy()
    for i, order in enumerate(orders):
        along, length = cosines[i].copy(), 1.0
        for j in order:
            now, wanted = along[j] / length if length > ALIKE else 0.0, usual[i, j]
            sine = np.sqrt(max(1 - wanted ** 2, 0.0))
            if now < wanted and sine > ALIKE:
                part = length * (wanted * np.sqrt(max(1 - now ** 2, 0.0)) - now * sine) / sine
                rows[i, j] += part
                along += part * cosines[j]
                length = np.sqrt(max(rows[i] @ along, 0.0))
            usual[i, j] = (1 - beta) * wanted + beta * now
    return rows * norms[:, None] / norms, usual
