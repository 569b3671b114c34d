"""Aligned-MTL: orthogonal gradients of equal length."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles
from .preferring import Preferring

SCALES = ('min', 'median', 'rmse')


@BALANCES.register_module()
class AlignedMTL(Preferring):
    """Sums the gradients after making them orthogonal and of equal length, with the smallest change of the gradient matrix.

    Args:
        scale_mode: the common length: ``'min'``, the smallest nonzero singular value; ``'median'``, the median singular
            value (the lower one for an even count); or ``'rmse'``, the root mean square of the singular values.
        preference: see :class:`~mtkd.balance.preferring.Preferring`; None means 1 each, as in the authors' code (TorchJD's
            default is 1 / T).
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Senushkin et al. 2023, algorithm 1; SamsungLabs/MTL at 3f577f1, code/optim/aligned, whose default is ``'min'``
    and which sums the aligned gradients. Their code drops a direction whose squared length is below 1.2e-7 T of the largest.
    Here the threshold applies to the gradients scaled to equal length, so that a task with small gradients is not dropped.
    """

    equal = 'sum'

    def __init__(self, scale_mode: str = 'min', preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(preference, **place)
        if scale_mode not in SCALES:
            raise ValueError(f"balance: AlignedMTL has no scale_mode='{scale_mode}'; choose min, median or rmse.")
        self.scale_mode = scale_mode

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        norms, cosines = angles(gram)
        left, singular = principal(norms, cosines)
        scale = {'min': singular[-1], 'median': np.sort(singular)[(len(singular) - 1) // 2],
                 'rmse': np.sqrt(np.mean(singular ** 2))}[self.scale_mode]
        return (left * (scale / singular)) @ (left.T @ self.preferred(tasks))


def principal(norms: np.ndarray, cosines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nonzero singular values, in descending order, and left singular vectors of a matrix with T rows.

    Args:
        norms: (T,), the norms of the rows.
        cosines: (T, T), the cosines between the rows.

    Returns:
        Left singular vectors (T, rank) and singular values (rank,).
    """
    values, vectors = np.linalg.eigh(cosines)
    kept = values > 1e-12
    # singular values of a matrix square root, not eigenvalues of the Gramian: squaring a ratio of 1e6 would lose four digits
    left, singular, _ = np.linalg.svd(norms[:, None] * vectors[:, kept] * np.sqrt(values[kept]), full_matrices=False)
    return left, singular
