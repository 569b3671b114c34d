"""Correlation congruence: a kernel between the samples of a batch."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .pairs import batch_rows, check_pool, pairs_of

VARIANTS = ('kernel', 'released')


def correlation_congruence(student: Tensor, teacher: Tensor, counts: Tensor | None = None, gamma: float = 0.4,
                           order: int = 2) -> Tensor:
    """Mean squared difference, over all n² pairs, of the Taylor-expanded Gaussian kernel of unit vectors.

    k(x, y) = Σ_p exp(-2γ) (2γ)^p / p! (x·y)^p, p = 0 … ``order``.

    Args:
        student: (n, D).
        teacher: (n, D').
        counts: (n,) bool; None: all count.
        gamma: γ.
        order: order of the series.

    Source: Peng et al. 2019, equations 5, 8 and 10.
    """
    pairs = None if counts is None else pairs_of(counts)
    kernels = [_kernel(rows, gamma, order) for rows in (student, teacher)]
    difference = (kernels[0] - kernels[1]).square()
    if pairs is None:
        return difference.mean()
    return difference.masked_fill(~pairs, 0.0).sum() / pairs.sum().clamp_min(1)


def _kernel(rows: Tensor, gamma: float, order: int) -> Tensor:
    unit = rows * rows.square().sum(1, keepdim=True).clamp_min(1e-24).rsqrt()
    gram = unit @ unit.T
    factor = math.exp(-2 * gamma)
    return sum((factor * (2 * gamma) ** p / math.factorial(p) * gram ** p for p in range(order + 1)), torch.zeros_like(gram))


def consecutive_differences(student: Tensor, teacher: Tensor, counts: Tensor | None = None) -> Tensor:
    """Mean over neighbours i, i+1 in the batch of Σ_d |s_i - t_i| |s_i+1 - t_i+1|.

    Args:
        student: (n, D).
        teacher: (n, D).
        counts: (n,) bool: neighbours are consecutive samples among these. None: all count.

    Source: the authors' code in RepDistiller; the paper has no such equation.
    """
    gap = (student - teacher).abs()
    if counts is None:
        return (gap[:-1] * gap[1:]).sum() / max(len(gap) - 1, 1)
    first = torch.argsort(~counts, stable=True)  # valid samples in their order
    gap = (gap * counts[:, None])[first]
    return (gap[:-1] * gap[1:]).sum() / (counts.sum() - 1).clamp_min(1)


@DISTILL_LOSSES.register_module()
class CorrelationCongruence(DistillLoss):
    """``cc``, over the whole batch and all ranks. The usual weight is .02 ('released') or 1 and more ('kernel').

    The paper and the released code differ; both are implemented.

    Args:
        variant: ``'kernel'``: :func:`correlation_congruence`, the paper's; ``'released'``:
            :func:`consecutive_differences`, which depends on the order of the samples and needs vectors of one width.
        width: map both sides to vectors of this width by a trained linear layer each, as the released code does (128).
            None: compare the features themselves.
        gamma: γ of the kernel.
        order: order of its Taylor series.
        pool: a sample's vector: ``'mean'`` over pixels, or ``'flatten'``.

    Raises:
        ValueError: an unknown ``variant`` or ``pool``, ``width`` with ``pool='flatten'``, or ``'released'`` for channels
            that differ without ``width``.

    Source: Peng et al., ICCV 2019; ``'released'``: HobbitLong/RepDistiller b84f547. ``'kernel'`` is pinned to the paper's
    equations: torchdistill's ``CCKDLoss`` takes the root of the sum of squares.
    """

    terms = ('cc',)
    same_channels = same_size = False
    spatial = True
    method = Method('CC', 'Peng et al. 2019', 'features', note='pairs of samples')

    def __init__(self, variant: str = 'kernel', width: int | None = None, gamma: float = 0.4, order: int = 2,
                 pool: str = 'mean') -> None:
        super().__init__()
        check_pool('CorrelationCongruence', pool)
        if variant not in VARIANTS:
            raise ValueError(f"CorrelationCongruence: variant='{variant}' is unknown; choose one of {', '.join(VARIANTS)}.")
        if width is not None and pool == 'flatten':
            raise ValueError("CorrelationCongruence: width=... needs vectors whose length does not depend on the size of "
                             "the map; use pool='mean'.")
        self.variant, self.width, self.gamma, self.order, self.pool = variant, width, gamma, order, pool
        self.embed_student: nn.Module = nn.Identity()
        self.embed_teacher: nn.Module = nn.Identity()

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        if self.width is not None:
            self.embed_student, self.embed_teacher = nn.Linear(student[0], self.width), nn.Linear(teacher[0], self.width)
        elif self.variant == 'released' and student[0] != teacher[0]:
            raise ValueError(f"CorrelationCongruence: variant='released' compares vectors of one width, but the student has "
                             f'{student[0]} channels, the teacher {teacher[0]}; give width=128.')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        ours, theirs, counts = batch_rows(student, teacher, mask, self.pool)
        ours, theirs = self.embed_student(ours), self.embed_teacher(theirs)
        if self.variant == 'released':
            return {'cc': consecutive_differences(ours, theirs, counts)}
        return {'cc': correlation_congruence(ours, theirs, counts, self.gamma, self.order)}
