"""UPGrad: the mean of the gradients, each projected so that it opposes none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles, to_dual_cone
from .preferring import Preferring


@BALANCES.register_module()
class UPGrad(Preferring):
    """Each gradient projected onto the cone where no task's loss rises, then averaged.

    The projections are exact (:func:`~mtkd.balance.angles.to_dual_cone`); TorchJD adds 1e-4 to the Gramian's diagonal, of
    trace 1, and takes the plain mean where the trace is below 1e-4.

    Args:
        preference: see :class:`~mtkd.balance.preferring.Preferring`.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Quinton & Rey 2024, Jacobian descent for multi-objective optimization, equation 5; TorchJD's UPGradWeighting.
    """

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        norms, cosines = angles(gram)
        return np.sum([to_dual_cone(norms, cosines, own) for own in np.diag(self.preferred(tasks))], axis=0)
