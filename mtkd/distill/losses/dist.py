"""DIST: matches the correlation of rows and columns instead of their values."""

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import all_sum
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel
from .products import products

EPS = 1e-8


def pearson(cross: Tensor, student: Tensor, teacher: Tensor, eps: float = EPS) -> Tensor:
    """The correlation from the centred sums Σst, Σs², Σt²; 0 if one of them is constant.

    The root is bounded away from 0, where its gradient is infinite.
    """
    tiny = torch.finfo(student.dtype).tiny
    return cross / (student.clamp_min(tiny).sqrt() * teacher.sqrt() + eps)


@DISTILL_LOSSES.register_module()
class DIST(DistillLoss):
    """1 - Pearson's ρ between rows and between columns.

    ``dist_inter`` = β τ² times the mean over pixels of 1 - ρ of the pixel's classes; ``dist_intra`` = γ τ² times the
    mean over classes of 1 - ρ of the class's probability over all pixels of the batch and of all ranks.

    The means inside ρ are detached: ρ does not depend on them to first order, so that the gradient is exact.

    Args:
        beta: weight of ``dist_inter``.
        gamma: weight of ``dist_intra``.
        tau: temperature; 1 in the dense recipe.
        eps: added to the denominator of ρ.

    Source: Huang et al. 2022; conventions: fact sheet 1.1.1, 4.2.
    """

    reads = 'probs'
    method = Method('DIST', 'Huang et al. 2022', 'outputs')
    terms: tuple[str, ...] = ('dist_inter', 'dist_intra')
    directions = {'dist_inter': 'inter', 'dist_intra': 'intra'}

    def __init__(self, beta: float = 1.0, gamma: float = 1.0, tau: float = 1.0, eps: float = EPS) -> None:
        super().__init__()
        self.beta, self.gamma, self.tau, self.eps = beta, gamma, tau, eps

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are probabilities."""
        student, teacher = masked(student, mask), masked(teacher, mask)
        scale = self.tau ** 2
        inter, count = per_pixel(1 - self._row_correlation(student, teacher), mask)
        return {'dist_inter': (self.beta * scale * inter, count),
                'dist_intra': self.gamma * scale * self._intra(student, teacher, mask)}

    def _row_correlation(self, student: Tensor, teacher: Tensor) -> Tensor:
        """(B, C, N) twice -> (B, N)."""
        student, teacher = student - student.detach().mean(1, keepdim=True), teacher - teacher.mean(1, keepdim=True)
        cross, square, _, _ = products(student, teacher)
        return pearson(cross, square, (teacher * teacher).sum(1), self.eps)

    def _intra(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, N) twice -> (): 1 - ρ of each column, averaged; 0 without valid pixels."""
        batch, channels, pixels = student.shape
        counted = student.new_full((1,), batch * pixels) if mask is None else mask.sum().to(student.dtype)[None]
        sums = all_sum(torch.cat([student.detach().sum(2).sum(0), teacher.sum(2).sum(0), counted]))
        counted = sums[-1]
        means = (sums[:-1] / counted.clamp_min(1)).view(2, channels, 1)
        student, teacher = masked(student - means[0], mask), masked(teacher - means[1], mask)
        _, _, cross, square = products(student, teacher)
        cross, square, teacher_square = all_sum(torch.stack([cross, square, (teacher * teacher).sum(2).sum(0)]))
        return (1 - pearson(cross, square, teacher_square, self.eps)).mean() * (counted > 0)
