"""KDAM's alternative match: the Cauchy-Schwarz divergence between the rows and between the columns of two outputs."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import PerSample, all_sum
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel, per_sample
from .products import products

EPS = 1e-8


def cs_divergence(p: Tensor, q: Tensor, dim: int | Sequence[int] = -1, variant: str = 'cs', eps: float = EPS) -> Tensor:
    """D_CS(p, q) = -ln( <p, q> / sqrt(<p, p> <q, q>) ).

    Args:
        p: any shape, not negative; need not sum to 1.
        q: the same shape.
        dim: the axes of one distribution.
        variant: ``'cs'``, or ``'printed'``: the paper's equation 4 literally, with Σp and Σq instead of <p, p> and
            <q, q>. This is not a divergence: its minimum is at a one-hot q, not at q = p.
        eps: lower bound of the denominator and of the ratio.

    Returns:
        ``p``'s shape without ``dim``; ≥ 0, and 0 if p is proportional to q (``'cs'``). 0 if p or q is (almost) zero: if
        the denominator is below ``eps``.

    Source: KDAM equation 4 with the squares that it lacks (fact sheet 1.1.1).
    """
    axes = (dim,) if isinstance(dim, int) else tuple(dim)
    mass = (lambda x: (x * x).sum(axes)) if variant == 'cs' else (lambda x: x.sum(axes))
    return _negative_log_ratio((p * q).sum(axes), mass(p), mass(q), eps)


def _negative_log_ratio(cross: Tensor, student: Tensor, teacher: Tensor, eps: float) -> Tensor:
    """-ln(cross / sqrt(student · teacher)); the product is bounded, not each factor; 0 if it is below the bound."""
    product = student * teacher
    ratio = cross / product.clamp_min(eps * eps).sqrt()
    return torch.where(product > eps * eps, -ratio.clamp_min(eps).log(), torch.zeros_like(ratio))


@DISTILL_LOSSES.register_module()
class CauchySchwarz(DistillLoss):
    """L_inter + L_intra of KDAM (equations 5 and 6).

    The compared matrix has one row per pixel and one column per class. ``cs_inter`` is the mean divergence between the
    rows: a sum and a count per sample. ``cs_intra`` is the mean divergence between the columns, a class's probability
    over the whole batch and all ranks: a column needs only three sums, which are reduced over ranks.

    Args:
        terms: ``'inter'``, ``'intra'`` or both.
        mode: ``'pixel'``: a row is one pixel's distribution, and a pixel counts 1; ``'sample'``: a row is all of a
            sample's probabilities, and a sample counts 1 (the paper's 1/B literally).
        variant: ``'cs'`` or ``'printed'``, see :func:`cs_divergence`.
        tau: temperature of the probabilities; not stated in the paper.
        min_mass: leave out the columns whose teacher probabilities sum to less than this many pixels. 0, the paper's
            reading, keeps all; classes absent from a batch then weigh as much as those in it.
        eps: lower bound of the denominators and ratios. A column whose denominator is below it (a class or depth bin that is
            almost absent from the batch) contributes 0, like an all-zero column: with the bound as denominator, it would not
            be 0 at equality and would increase the student's absent bins.

    Raises:
        ValueError: an unknown term, mode or variant.

    Source: KDAM equations 4-7; axes and numerics: fact sheet 1.1.1-1.1.2.
    """

    method = Method('KDAM (Cauchy-Schwarz)', 'Xu et al. 2023', 'outputs')
    reads = 'probs'
    directions = {'cs_inter': 'inter', 'cs_intra': 'intra'}

    def __init__(self, terms: Sequence[str] = ('inter', 'intra'), mode: str = 'pixel', variant: str = 'cs',
                 tau: float = 1.0, min_mass: float = 0.0, eps: float = EPS) -> None:
        super().__init__()
        if not terms or set(terms) - {'inter', 'intra'}:
            raise ValueError(f"CauchySchwarz: terms={tuple(terms)} must be 'inter', 'intra' or both.")
        if mode not in ('pixel', 'sample'):
            raise ValueError(f"CauchySchwarz: mode='{mode}' is unknown; choose 'pixel' or 'sample'.")
        if variant not in ('cs', 'printed'):
            raise ValueError(f"CauchySchwarz: variant='{variant}' is unknown; choose 'cs' or 'printed'.")
        self.terms = tuple(f'cs_{term}' for term in terms)
        self.mode, self.variant, self.tau, self.min_mass, self.eps = mode, variant, tau, min_mass, eps

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are probabilities."""
        student, teacher = masked(student, mask), masked(teacher, mask)
        row_cross, row_student, column_cross, column_student = products(student, teacher)
        if self.variant == 'cs':
            square = teacher * teacher
            row_teacher, column_teacher = square.sum(1), square.sum(2).sum(0)
        else:
            row_student, column_student = student.sum(1), student.sum(2).sum(0)
            row_teacher, column_teacher = teacher.sum(1), teacher.sum(2).sum(0)
        terms: dict[str, PerSample | Tensor] = {}
        if 'cs_inter' in self.terms:
            terms['cs_inter'] = self._inter(row_cross, row_student, row_teacher, mask)
        if 'cs_intra' in self.terms:
            kept = teacher.sum(2).sum(0) if self.min_mass > 0 else column_teacher
            terms['cs_intra'] = self._intra(torch.stack([column_cross, column_student, column_teacher, kept]))
        return terms

    def _inter(self, cross: Tensor, student: Tensor, teacher: Tensor, mask: Tensor | None) -> PerSample:
        """(B, N) sums of each row -> the divergence, per sample."""
        if self.mode == 'sample':
            return per_sample(_negative_log_ratio(cross.sum(1), student.sum(1), teacher.sum(1), self.eps), mask)
        return per_pixel(_negative_log_ratio(cross, student, teacher, self.eps), mask)

    def _intra(self, sums: Tensor) -> Tensor:
        """(4, C) sums of each column: cross, student, teacher, teacher's mass -> () the mean divergence."""
        cross, student, teacher, mass = all_sum(sums)
        divergence = _negative_log_ratio(cross, student, teacher, self.eps)
        if self.min_mass <= 0:
            return divergence.mean()
        kept = mass.detach() >= self.min_mass
        return divergence.masked_fill(~kept, 0.0).sum() / kept.sum().clamp_min(1)
