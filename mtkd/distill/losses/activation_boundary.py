"""Activation boundaries: matches which neurons are active."""

from typing import Any

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample

SCALE = 3 / 1000  # factor of the released code


def activation_boundary(student: Tensor, teacher: Tensor, margin: float = 1.0) -> Tensor:
    """(s + μ)² where the teacher is off (t ≤ 0) and s > -μ; (s - μ)² where it is on and s ≤ μ; else 0.

    Args:
        student: feature before the activation.
        teacher: the same shape.
        margin: μ.

    Source: Heo et al. 2019, equation 4.
    """
    side = torch.where(teacher > 0, -1.0, 1.0).to(student.dtype)
    return (side * student + margin).relu().square()


class _BoundarySum(torch.autograd.Function):
    """The sum of :func:`activation_boundary` of each sample. Saves half its gradient, which also gives the sum."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, margin: float, mask: Tensor | None) -> Tensor:
        slope = torch.where(teacher > 0, (student - margin).clamp_max_(0), (student + margin).clamp_min_(0))
        slope = masked(slope, mask)
        ctx.save_for_backward(slope)
        rows = slope.flatten(1)
        return torch.linalg.vecdot(rows, rows)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.saved_tensors[0] * (2 * grad[:, None, None]), None, None, None


@DISTILL_LOSSES.register_module()
class ActivationBoundary(DistillLoss):
    """``ab``: 3/1000 of the sum of :func:`activation_boundary` over channels and pixels, the mean over samples.

    The features are those before an activation. The released code has a convolution and a batch normalisation between
    student and loss (``projector=dict(type='ConvNorm')``), uses the loss alone in a first stage, and weighs several
    layers by 2^(i - n + 1).

    Args:
        margin: μ.

    Source: Heo et al., AAAI 2019; released code: HobbitLong/RepDistiller b84f547 (``ABLoss``), after
    bhheo/AB_distillation; the same in open-mmlab/mmrazor 90c7af1.
    """

    terms = ('ab',)
    method = Method('AB', 'Heo et al. 2019a', 'features', note='before the activation')

    def __init__(self, margin: float = 1.0) -> None:
        super().__init__()
        self.margin = margin

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        total: Tensor = _BoundarySum.apply(student, teacher, self.margin, mask)
        return {'ab': per_sample(SCALE * total, mask)}
