"""Adaptive ensemble: teacher weights that minimise the norm of the joint gradient, so that no teacher is ignored."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import all_sum
from .distill_loss import Method, masked
from .several_teachers import SeveralTeachers


def bounded_min_norm(gram: np.ndarray, bound: float, tolerance: float = 1e-10, steps: int = 1000) -> np.ndarray:
    """The weights w that minimise wᵀ G w with Σ w = 1 and 0 ≤ w ≤ ``bound``, as in a one-class SVM.

    With bound 1 this is the problem of MGDA. It is solved by exact steps along the pair that violates optimality most.

    Args:
        gram: (M, M), symmetric and without negative eigenvalues.
        bound: at least 1 / M.
        tolerance: tolerance of the optimality conditions, relative to the largest entry of G.
        steps: the maximum number of steps.

    Returns:
        (M,) float64.
    """
    count = len(gram)
    weights = np.full(count, 1 / count)
    bound = max(bound, 1 / count)
    tiny = tolerance * max(float(np.abs(gram).max()), np.finfo(float).tiny)
    for _ in range(steps):
        slope = gram @ weights
        up = np.where(weights < bound, slope, np.inf)
        down = np.where(weights > 0, slope, -np.inf)
        i, j = int(up.argmin()), int(down.argmax())
        gap = down[j] - up[i]
        if not gap > tiny:
            break
        curvature = gram[i, i] + gram[j, j] - 2 * gram[i, j]
        step = min(bound - weights[i], weights[j], gap / curvature if curvature > 0 else np.inf)
        weights[i], weights[j] = min(weights[i] + step, bound), max(weights[j] - step, 0.0)
    return weights / weights.sum()


@DISTILL_LOSSES.register_module()
class AEKD(SeveralTeachers):
    """``aekd``: one weight per teacher, from the gradients of the divergences with respect to the student's scores.

    The gradients are averaged over the batch and all ranks, which gives C numbers per teacher; the weights are those of
    :func:`bounded_min_norm`. To balance the gradients in the trunk instead, use one link per teacher and a gradient balance
    with ``include='all'``.

    Args:
        temperature: τ.
        bound: the largest weight, C in the paper; the official ν is 1 / (C M). 1: no bound.
        normalise: solve for gradients of length 1 and divide the weights by the lengths (``svm_norm`` of the official code).

    Raises:
        ValueError: ``bound`` is not above 0 and at most 1.

    Source: Du et al., NeurIPS 2020, "Agree to disagree: adaptive ensemble knowledge distillation in gradient space",
    equation 8; github.com/AnTuo1998/AE-KD at 68f490e, ``helper/optimization.py``, ``find_optimal_svm``, which solves with
    scikit-learn's one-class support vector machine to a tolerance of 1e-6.
    """

    terms = ('aekd',)
    method = Method('AEKD', 'Du et al. 2020', 'teachers', 'any', note='a small quadratic programme per step')

    def __init__(self, temperature: float = 4.0, bound: float = 0.6, normalise: bool = False) -> None:
        super().__init__(temperature)
        if not 0 < bound <= 1:
            raise ValueError(f'AEKD: bound={bound} must be above 0 and at most 1.')
        self.bound, self.normalise = bound, normalise

    def weigh(self, student: Tensor, teachers: Sequence[Tensor], mask: Tensor | None, **asked: Tensor) -> Tensor:
        """See :class:`SeveralTeachers`."""
        own = (student / self.temperature).softmax(1)
        slopes = torch.stack([masked(own - (part / self.temperature).softmax(1), mask).sum((0, 2)) for part in teachers])
        slopes = all_sum(slopes).double().cpu().numpy()  # a common factor has no effect
        lengths = np.ones(len(slopes))
        if self.normalise:
            lengths = np.maximum(np.linalg.norm(slopes, axis=1), np.finfo(float).tiny)
        slopes = slopes / lengths[:, None]
        weights = bounded_min_norm(slopes @ slopes.T, self.bound) / lengths
        return torch.as_tensor(weights / weights.sum(), dtype=student.dtype, device=student.device)[:, None, None]
