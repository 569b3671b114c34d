"""UPGrad: the mean of the gradients, each projected so that it conflicts with none."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles, to_dual_cone
from .preferring import Preferring


@BALANCES.register_module()
class UPGrad(Preferring):
    """Projects each gradient onto the cone of directions that increase no task's loss, then averages.

    The projections are exact (:func:`~mtkd.balance.angles.to_dual_cone`); TorchJD normalises the Gramian to trace 1, adds
    1e-4 to its diagonal, and uses the plain mean if the trace is below 1e-4.

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
