"""MGDA: the convex combination of the tasks' gradients with minimum norm."""

import numpy as np

from ..registry import BALANCES
from .angles import min_norm
from .gradient_balance import GradientBalance

NORMALISERS = ('none', 'l2', 'loss', 'loss+')


@BALANCES.register_module()
class MGDA(GradientBalance):
    """Weights on the simplex that minimise ‖Σ w_t g_t‖; they sum to 1.

    With the default ``level='tap'`` this is MGDA-UB. The problem is solved exactly
    (:func:`~mtkd.balance.angles.min_norm`), whereas the authors iterate Frank-Wolfe steps. Their code uses Σ w_t L_t for
    heads as well (``heads='weighted'``); their algorithm 2 trains heads on L_t (``'plain'``).

    Args:
        normalise: the divisor of each gradient before the problem is solved: ``'none'``, ``'l2'`` (its norm), ``'loss'``
            (its loss) or ``'loss+'`` (both). The resulting weights are applied to the unnormalised losses, as in the
            authors' code. ``'loss+'`` is recommended if tasks differ in scale.
        level, tap, heads, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Sener & Koltun 2018, equation 3 and algorithm 2; fact sheet 4.1.
    """

    def __init__(self, normalise: str = 'none', level: str = 'tap', tap: str = 'shared', heads: str = 'weighted',
                 include: str = 'tasks') -> None:
        super().__init__(level, tap, heads, include=include)
        if normalise not in NORMALISERS:
            raise ValueError(f"balance: MGDA has no normalise='{normalise}'; choose from {', '.join(NORMALISERS)}.")
        self.normalise = normalise

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        by = np.ones(len(gram))
        if self.normalise in ('l2', 'loss+'):
            by = by * np.sqrt(gram.diagonal())
        if self.normalise in ('loss', 'loss+'):
            by = by * values
        return min_norm(gram / by[:, None] / by)
