"""Pseudo-labels: cross-entropy with what a teacher made of the samples that have no label."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class PseudoLabel(DistillLoss):
    """``pseudo`` = -Σ_c y_c ln softmax_c(student), the mean over the samples that have a pseudo-label y.

    The student's side is the output itself, the teacher's a stored distribution; the zero vector, which is none, says
    that there is no pseudo-label or that it is not kept, and counts nothing. A link of it has ``where='unlabelled'``: a
    true label goes first.

    Args:
        hard: y is the teacher's most probable class, as data distillation has it; otherwise y is the distribution.

    Source: Radosavovic et al. 2018 (data distillation) and Distill-2MD-MTL; fact sheet 1.4.2, steps 3 and 4. Ages in bins
    are compared bin by bin like classes, whatever the task's own loss: ours, the source states none.
    """

    method = Method('Data distillation', 'Radosavovic et al. 2018', 'outputs', fits='classes')
    terms = ('pseudo',)

    def __init__(self, hard: bool = True) -> None:
        super().__init__()
        self.hard = hard

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logits and distributions."""
        mass = teacher.sum(1)
        there = mass > 0
        if self.hard:
            values = -student.log_softmax(1).gather(1, teacher.argmax(1, keepdim=True))[:, 0]
        else:
            target = teacher / torch.where(there, mass, torch.ones_like(mass))[:, None]
            values = F.cross_entropy(student, target, reduction='none')
        return {'pseudo': per_pixel(values, there if mask is None else there & mask)}
