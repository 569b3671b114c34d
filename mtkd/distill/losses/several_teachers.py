"""Weighted divergences of several teachers of one output: the plain mean, and the base class of other weightings."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel
from .kl import kl_divergence


class SeveralTeachers(DistillLoss):
    """Σ_m w_m τ² KL(teacher m ‖ student), the mean over pixels or samples.

    A link names the teachers: ``dict(task='semseg', teacher=['a', 'b', 'c'], loss=dict(type='EBKD'))``. Subclasses implement
    :meth:`weigh`.

    Args:
        temperature: τ.
    """

    reads = 'log_probs'
    needs_distribution = True
    several = ('teacher',)

    def __init__(self, temperature: float = 4.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.directions = dict.fromkeys(self.terms, 'inter')

    def weigh(self, student: Tensor, teachers: Sequence[Tensor], mask: Tensor | None, **asked: Tensor) -> Tensor:
        """(M, 1, 1) or (M, B, N) weights without gradient, from (B, C, N) logarithms of probabilities at temperature 1."""
        raise TypeError(f'{type(self).__name__} does not implement weigh')

    def compare(self, student: Tensor, teacher: tuple[Tensor, ...], mask: Tensor | None, **asked: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        soft = (student / self.temperature).log_softmax(1)
        divergences = torch.stack([kl_divergence(soft, (part / self.temperature).log_softmax(1)) for part in teacher])
        with torch.no_grad():
            weights = self.weigh(student, teacher, mask, **asked)
        total, count = per_pixel((weights * divergences).sum(0), mask)
        return {self.terms[0]: (self.temperature ** 2 * total, count)}


@DISTILL_LOSSES.register_module()
class AverageKD(SeveralTeachers):
    """``kd_average``: the mean over teachers of plain distillation, all weights 1 / M.

    Args:
        temperature: τ.

    Source: You et al., KDD 2017, without its relations between intermediate layers; github.com/Rorozhl/CA-MKD at c2f39a9,
    ``helper/loops.py``, ``AVERAGE_LOSS``.
    """

    terms = ('kd_average',)
    method = Method('Average of teachers', 'You et al. 2017', 'teachers', 'any')

    def weigh(self, student: Tensor, teachers: Sequence[Tensor], mask: Tensor | None, **asked: Tensor) -> Tensor:
        """See :class:`SeveralTeachers`."""
        return student.new_full((len(teachers), 1, 1), 1 / len(teachers))
