"""PKD: features compared by the correlation of each channel over the batch."""

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import all_sum
from .distill_loss import DistillLoss, Method, Terms, masked

EPS = 1e-6


def pearson_features(student: Tensor, teacher: Tensor, mask: Tensor | None = None, eps: float = EPS) -> Tensor:
    """½ mean (z_s - z_t)², with z the standardised values of a channel (n - 1 variance); about 1 - ρ.

    The means are detached: the value does not depend on them to first order.

    Args:
        student: (B, C, N).
        teacher: (B, C, N).
        mask: (B, N) bool; None: all count.
        eps: added to the standard deviations.

    Returns:
        (), over the batch and all ranks; 0 without valid pixels.

    Source: Cao et al. 2022, equations 1 to 3.
    """
    count = student.new_full((1,), student[:, 0].numel()) if mask is None else mask.sum().to(student.dtype)[None]
    student, teacher = masked(student, mask), masked(teacher, mask)
    sums = all_sum(torch.cat([student.detach().sum(2).sum(0), teacher.sum(2).sum(0), count]))
    count = sums[-1]
    means = (sums[:-1] / count.clamp_min(1)).view(2, -1, 1)
    student, teacher = masked(student - means[0], mask), masked(teacher - means[1], mask)
    square, square_teacher, cross = all_sum(torch.stack([
        (x * y).sum(2).sum(0) for x, y in ((student, student), (teacher, teacher), (student, teacher))]))
    tiny = torch.finfo(student.dtype).tiny
    unit, unit_teacher = (1 / ((x / (count - 1).clamp_min(1)).clamp_min(tiny).sqrt() + eps)
                          for x in (square, square_teacher))
    each = square * unit.square() + square_teacher * unit_teacher.square() - 2 * cross * unit * unit_teacher
    return each.mean() / (2 * count.clamp_min(1))


@DISTILL_LOSSES.register_module()
class PKD(DistillLoss):
    """``pkd``: :func:`pearson_features`; the usual weight is 6.

    Source: Cao et al., NeurIPS 2022; released code: open-mmlab/mmrazor 90c7af1 (``PKDLoss``).
    """

    terms = ('pkd',)
    method = Method('PKD', 'Cao et al. 2022', 'features')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'pkd': pearson_features(student, teacher, mask)}
