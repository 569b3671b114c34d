"""Centred kernel alignment between the samples of a batch."""

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .pairs import batch_rows, check_pool, pairs_of

KERNELS = ('linear', 'rbf')


def kernel_alignment(student: Tensor, teacher: Tensor, counts: Tensor | None = None, kernel: str = 'rbf') -> Tensor:
    """CKA = <K_s, K_t> / (‖K_s‖ ‖K_t‖) of centred kernel matrices, 0 to 1.

    Args:
        student: (n, D).
        teacher: (n, D').
        counts: (n,) bool; None: all count.
        kernel: ``'linear'``, scalar products; or ``'rbf'``, exp(-d² / (2 σ²)), σ² the (lower) median of the squared
            distances of different samples, without gradient.

    Source: Kornblith et al. 2019, equations 3 and 4.
    """
    counts = torch.ones(len(student), dtype=torch.bool, device=student.device) if counts is None else counts
    pairs = pairs_of(counts)
    ours, theirs = (_centred(_rbf(rows, pairs) if kernel == 'rbf' else rows @ rows.T, pairs) for rows in (student, teacher))
    norms = [matrix.square().sum().clamp_min(1e-12).sqrt() for matrix in (ours, theirs)]
    return (ours * theirs).sum() / (norms[0] * norms[1])


def _centred(matrix: Tensor, pairs: Tensor) -> Tensor:
    """Subtract row and column means over the valid pairs; 0 elsewhere."""
    matrix = matrix.masked_fill(~pairs, 0.0)
    number = pairs.sum(1).amax().clamp_min(1)
    rows = matrix.sum(1, keepdim=True) / number
    columns = matrix.sum(0, keepdim=True) / number
    return (matrix - rows - columns + matrix.sum() / number ** 2).masked_fill(~pairs, 0.0)


def _rbf(rows: Tensor, pairs: Tensor) -> Tensor:
    gram = rows @ rows.T
    square = gram.diagonal()[:, None] + gram.diagonal()[None] - 2 * gram
    seen = square.detach()
    apart = pairs & (seen != 0)
    ordered = torch.where(apart, seen, torch.full_like(seen, torch.inf)).flatten().sort().values
    median = ordered.gather(0, ((apart.sum() - 1).clamp_min(0) // 2)[None])
    median = torch.where(apart.any(), median, torch.ones_like(median)).clamp_min(1e-12)
    return (square / (-2 * median)).exp()


@DISTILL_LOSSES.register_module()
class CKA(DistillLoss):
    """``cka`` = 1 - CKA, in [0, 1]; over the whole batch and all ranks.

    Channels and sizes may differ.

    Args:
        kernel: ``'rbf'`` (as in UniversalRepresentations) or ``'linear'``.
        pool: a sample's vector: ``'mean'`` over pixels, or ``'flatten'``.

    Raises:
        ValueError: an unknown ``kernel`` or ``pool``.

    Source: Kornblith et al., ICML 2019, as a loss in Li et al. 2022; released code: VICO-UoE/UniversalRepresentations
    bb1909e (``VisualDecathlon/cka.py``).
    """

    terms = ('cka',)
    same_channels = same_size = False
    spatial = True
    method = Method('CKA', 'Kornblith et al. 2019; Li et al. 2022', 'features', note='pairs of samples')

    def __init__(self, kernel: str = 'rbf', pool: str = 'mean') -> None:
        super().__init__()
        check_pool('CKA', pool)
        if kernel not in KERNELS:
            raise ValueError(f"CKA: kernel='{kernel}' is unknown; choose one of {', '.join(KERNELS)}.")
        self.kernel, self.pool = kernel, pool

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        ours, theirs, counts = batch_rows(student, teacher, mask, self.pool)
        there = counts.any()
        return {'cka': (1 - kernel_alignment(ours, theirs, counts, self.kernel)) * there}
