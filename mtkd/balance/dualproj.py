"""DualProj: the mean gradient, projected so that it conflicts with no task."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles, to_dual_cone
from .preferring import Preferring


@BALANCES.register_module()
class DualProj(Preferring):
    """The mean gradient, projected onto the cone of directions that increase no task's loss.

    Args:
        preference: see :class:`~mtkd.balance.preferring.Preferring`.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Lopez-Paz & Ranzato 2017 (GEM), equation 11; TorchJD's DualProjWeighting, which normalises the Gramian to trace 1
    and adds 1e-4 to its diagonal; here the projection is exact.
    """

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        return to_dual_cone(*angles(gram), self.preferred(tasks))
