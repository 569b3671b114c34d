"""Distillation of regression outputs with a learned scale of the deviation."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel

SHAPES = ('laplace', 'gauss')


@DISTILL_LOSSES.register_module()
class ScaledRegression(DistillLoss):
    """``scaled`` = Σ_c |s - t| / b + ln b (``'laplace'``), or Σ_c (s - t)² / (2 b²) + ln b (``'gauss'``).

    b = exp(σ) is trained, one per channel. The value is the negative log-likelihood of the teacher's output under a
    distribution centred at the student's. b converges to the typical distance, so that depth in metres and age in years
    enter the total at the same scale and need no separate weights. The value becomes negative where b < 1. The mean is over
    pixels, or samples.

    Args:
        shape: ``'laplace'`` or ``'gauss'``.
        log: whether to compare logarithms of the values, which must be positive (depth); values are clamped at ``floor``.
        floor: see ``log``.
        init: initial value of b.

    Raises:
        ValueError: an unknown shape, or a floor or initial scale that is not positive.

    Source: the learned homoscedastic scale of Kendall, Gal and Cipolla, CVPR 2018, equations 5 to 7, applied to the distance
    to a teacher instead of a label; this application is ours, there is no official code.
    """

    terms = ('scaled',)
    method = Method('Regression with a learned scale', 'after Kendall et al. 2018', 'outputs', 'regression',
                    note='a trained scale')

    def __init__(self, shape: str = 'laplace', log: bool = False, floor: float = 1e-3, init: float = 1.0) -> None:
        super().__init__()
        if shape not in SHAPES:
            raise ValueError(f"ScaledRegression: shape='{shape}' is unknown; choose one of {', '.join(SHAPES)}.")
        if floor <= 0 or init <= 0:
            raise ValueError(f'ScaledRegression: floor={floor} and init={init} must be positive.')
        self.shape, self.log, self.floor, self.init = shape, log, floor, init
        self.log_scale: nn.Parameter

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`: one scale per channel."""
        self.log_scale = nn.Parameter(torch.full((student[0],), self.init).log())

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are outputs."""
        if self.log:
            student, teacher = student.clamp_min(self.floor).log(), teacher.clamp_min(self.floor).log()
        sigma = self.log_scale[:, None].to(student.dtype)
        distance = (student - teacher).abs() * (-sigma).exp()
        values = distance if self.shape == 'laplace' else distance.square() / 2
        return {'scaled': per_pixel((values + sigma).sum(1), mask)}
