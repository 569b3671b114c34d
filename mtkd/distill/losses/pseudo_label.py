"""Pseudo-labels: cross-entropy with a teacher's predictions for unlabelled samples."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class PseudoLabel(DistillLoss):
    """``pseudo`` = -Σ_c y_c ln softmax_c(student), the mean over the samples that have a pseudo-label y.

    The student's view is the output itself, the teacher's a stored distribution; the zero vector means that there is no
    pseudo-label or that it was discarded, and is ignored. Its link has ``where='unlabelled'``, because true labels take
    precedence.

    Args:
        hard: y is the teacher's most probable class, as in data distillation; otherwise y is the distribution.

    Source: Radosavovic et al. 2018 (data distillation) and Distill-2MD-MTL; fact sheet 1.4.2, steps 3 and 4. Ages in bins
    are compared bin by bin like classes, independent of the loss of the task; this is our choice, the source does not
    specify it.
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
