"""ConFIG: the direction with the same cosine to all gradients."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles
from .preferring import Preferring


@BALANCES.register_module()
class ConFIG(Preferring):
    """The unit vector u with the same (or the preferred) cosine to every gradient, times Σ g_t · u.

    Args:
        preference: the cosines, up to a common factor; None: all equal. See :class:`~mtkd.balance.preferring.Preferring`.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Liu et al. 2025, ConFIG: towards conflict-free training of physics informed neural networks, equation 2;
    tum-pbs/ConFIG at 9486243, conflictfree/grad_operator.py.
    """

    equal = 'sum'

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        norms, cosines = angles(gram)
        lengths = np.linalg.pinv(cosines, rcond=1e-9, hermitian=True) @ self.preferred(tasks)
        size = np.sqrt(max(lengths @ cosines @ lengths, 0.0))
        if size <= 1e-7 * np.abs(lengths).sum():
            return np.zeros(len(tasks))
        reach = norms @ (cosines @ lengths) / size
        return lengths / norms * (reach / size)
