"""PCD: prioritises one task and guarantees the others a share of their progress."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .angles import FLOAT32, angles, in_cone
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class PCD(GradientBalance):
    """The direction nearest to the first task's gradient that gives every other task a fraction of its own progress.

    In a step without the first task, the others have weight 1.

    Args:
        tau: that fraction, 0 to 1.
        beta: the decay of the moving average of squared norms by which gradients are normalised.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Priority-constrained descent, arXiv:2606.29521; tested against TorchJD's PCDWeighting with eps=0. The average of
    an absent task is not updated, but the common step count advances.
    """

    remembers = ('squares', 'count')
    squares: Tensor
    count: Tensor

    def __init__(self, tau: float = 0.02, beta: float = 0.999, **place: Any) -> None:
        super().__init__(**place)
        if not 0 <= tau <= 1 or not 0 <= beta < 1:
            raise ValueError(f'balance: PCD has tau={tau} and beta={beta}; give 0 <= tau <= 1 and 0 <= beta < 1.')
        self.tau, self.beta = tau, beta
        self.register_buffer('count', torch.zeros((), dtype=torch.int64))

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`."""
        super().setup(weights, net, extra)
        self.register_buffer('squares', torch.zeros(len(weights), dtype=torch.float64))

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        if tasks[0] != 0:
            return np.ones(len(tasks))
        norms, cosines = angles(gram)
        squares, count = self.memory['squares'], self.memory['count']
        squares[tasks] = self.beta * squares[tasks] + (1 - self.beta) * norms ** 2
        count += 1
        usual = np.sqrt(squares[tasks] / (1 - self.beta ** float(count)))
        along = constrained(cosines, norms / usual, self.tau)
        square = along @ cosines @ along
        if square <= 10 * FLOAT32 * np.abs(along).sum() ** 2:
            return np.zeros(len(tasks))
        return along / norms * (norms[0] / np.sqrt(square))


def constrained(cosines: np.ndarray, lengths: np.ndarray, tau: float) -> np.ndarray:
    """The direction d nearest to the first vector subject to v_j · d >= τ |v_j|² for all others.

    Args:
        cosines: (T, T), the cosines between the vectors v.
        lengths: (T,) |v|.
        tau: τ.

    Returns:
        (T,) coefficients of the unit vectors in d; those of the first vector if the constraints are infeasible.
    """
    linear = lengths[0] * cosines[0, 1:] - tau * lengths[1:]
    first = np.eye(len(lengths))[0] * lengths[0]
    rest = in_cone(cosines[1:, 1:], linear)
    missed = cosines[1:, 1:] @ rest + linear
    return first + np.append(0.0, rest) if missed.min() >= -1e-6 * np.abs(linear).max() else first
