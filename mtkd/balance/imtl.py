"""IMTL: a direction with equal projections on all gradients (IMTL-G), and losses of equal scale (IMTL-L)."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..registry import BALANCES
from .angles import angles
from .balance import Balance, Seen
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class IMTLG(GradientBalance):
    """Weights with sum 1 for which the total gradient has the same projection on every task's gradient.

    Weights may be negative. If no such weights exist (for certain conflicts among three tasks), all weights are 1 / T.

    Args:
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Liu et al. 2021, Towards impartial multi-task learning, equation 6.
    """

    def __init__(self, **place: Any) -> None:
        super().__init__(**place)

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        norms, cosines = angles(gram)
        return impartial(cosines, norms.min() / norms) * (norms.min() / norms)


def impartial(cosines: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """The y with sums' y = 1 for which all entries of C y are equal.

    Args:
        cosines: (T, T), C.
        sums: (T,), positive.

    Returns:
        (T,).
    """
    count = len(sums)
    system = np.zeros((count + 1, count + 1))
    system[:count, :count], system[:count, count], system[count, :count] = cosines, -1.0, sums
    right: np.ndarray = np.append(np.zeros(count), 1.0)
    found = np.linalg.lstsq(system, right, rcond=1e-13)[0]
    if np.abs(system @ found - right).max() > 1e-6:
        return 1 / (count * sums)
    return found[:count]


@BALANCES.register_module()
class IMTLL(Balance):
    """Σ e^s_t L_t - s_t with learned s; at a stationary point of s, e^s_t L_t is 1 for all tasks.

    s is a parameter of the model and is trained by its optimiser; that of an absent task is unchanged.

    Args:
        include: see :class:`~mtkd.balance.balance.Balance`.

    Source: Liu et al. 2021, Towards impartial multi-task learning, equation 8 with the base e; LibMTL at 4336804,
    weighting/IMTL.py, and TorchJD's IMTLL.
    """

    log_scale: nn.Parameter

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`Balance.setup`."""
        super().setup(weights, net, extra)
        self.log_scale = nn.Parameter(torch.zeros(len(weights)))

    def combine(self, losses: Tensor, seen: Seen | None = None) -> Tensor:
        """(T,) -> ()."""
        each = self.log_scale.exp() * losses - self.log_scale
        return (each if seen is None else each * seen.active).sum()
