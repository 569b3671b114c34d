"""PCGrad (gradient surgery): removes the conflicting component from each gradient."""

from collections.abc import Sequence

import numpy as np

from ..registry import BALANCES
from .angles import angles
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class PCGrad(GradientBalance):
    """For each task i and the others in random order: if g_i · g_j < 0, removes the component of g_i along g_j.

    The results are summed for the shared parameters; heads are trained on the loss of their task. A projected gradient is a
    linear combination of the given ones, so the Gramian is sufficient. The paper's method is ``level='params'``.

    Args:
        reduction: ``'sum'`` (the authors' code) or ``'mean'`` over tasks.
        level, tap, heads, seed, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Yu et al. 2020, algorithm 1; fact sheet 4.1 and 5.5 (a widespread reimplementation always takes the mean).
    """

    hears = frozenset({'seed'})

    def __init__(self, reduction: str = 'sum', level: str = 'tap', tap: str = 'shared', heads: str = 'plain',
                 seed: int | None = None, include: str = 'tasks') -> None:
        super().__init__(level, tap, heads, seed, include)
        if reduction not in ('sum', 'mean'):
            raise ValueError(f"balance: PCGrad has no reduction='{reduction}'; choose 'sum' or 'mean'.")
        self.reduction = reduction
        self.count_steps()

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        rng = self.generator(self.next_step())
        orders = [rng.permutation(len(tasks)) for _ in tasks]
        weights = surgery(gram, orders).sum(0)
        return weights / len(tasks) if self.reduction == 'mean' else weights


def surgery(gram: np.ndarray, orders: Sequence[Sequence[int] | np.ndarray]) -> np.ndarray:
    """Project each gradient.

    Args:
        gram: (T, T), the Gramian of the nonzero gradients.
        orders: per task, the order in which the tasks are processed; the task itself is skipped.

    Returns:
        (T, T): row i holds the coefficients of the given gradients in the projected g_i.
    """
    norms, cosines = angles(gram)
    rows = np.eye(len(gram))
    for i, order in enumerate(orders):
        for j in order:
            along = rows[i] @ cosines[:, j]
            if j != i and along < 0:
                rows[i, j] -= along
    return rows * norms[:, None] / norms
