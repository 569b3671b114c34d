"""Aligned-MTL: gradients made orthogonal and of one length."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..registry import BALANCES
from .angles import angles
from .preferring import Preferring

SCALES = ('min', 'median', 'rmse')


@BALANCES.register_module()
class AlignedMTL(Preferring):
    """Gradients made orthogonal and of one length, by the smallest change of the gradient system, and summed.

    Args:
        scale_mode: the length: ``'min'``, the smallest singular value that is not 0, ``'median'`` (of an even number the
            lower one) or ``'rmse'``, the root of the mean square.
        preference: see :class:`~mtkd.balance.preferring.Preferring`; None is 1 each, as in the authors' code (TorchJD's
            default is 1 / T).
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Senushkin et al. 2023, algorithm 1; SamsungLabs/MTL at 3f577f1, code/optim/aligned, whose default is ``'min'``
    and which sums the aligned gradients. There a direction counts for none where its squared length is below 1.2e-7 T of
    the largest, here where gradients of one length would be that alike: a task with small gradients is not dropped.
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
    """Left singular vectors and singular values of a matrix of T rows, descending, those that are 0 left out.

    Args:
        norms: (T,) of the rows.
        cosines: (T, T) of the rows.

    Returns:
        (T, rank) and (rank,).
    """
    values, vectors = np.linalg.eigh(cosines)
    kept = values > 1e-12
    # singular values of a root, not eigenvalues of the Gramian: of a ratio of 1e6 the square would lose four digits
    left, singular, _ = np.linalg.svd(norms[:, None] * vectors[:, kept] * np.sqrt(values[kept]), full_matrices=False)
    return left, singular
