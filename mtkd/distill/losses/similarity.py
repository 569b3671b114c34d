"""Similarity-preserving knowledge distillation: matches the pairwise similarities of samples in a batch."""

from typing import Any

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .pairs import batch_rows, check_pool


def similarity_preserving(student: Tensor, teacher: Tensor, counts: Tensor | None = None) -> Tensor:
    """‖G_t - G_s‖² / n², where G contains the scalar products of samples, with rows of unit length.

    Args:
        student: (n, D).
        teacher: (n, D').
        counts: (n,) bool; rows that are False are 0. None: all count.

    Returns:
        (), ≥ 0, and 0 if both have the same rows.

    Source: Tung & Mori 2019, equations 2 to 4.
    """
    number = len(student) if counts is None else counts.sum().clamp_min(1)
    return (_unit_rows(teacher) - _unit_rows(student)).square().sum() / number ** 2


class _Gram(torch.autograd.Function):
    """R Rᵀ, whose gradient (G + Gᵀ) R takes one product instead of autograd's two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return rows @ rows.T

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return (grad + grad.T) @ ctx.saved_tensors[0]


def _unit_rows(rows: Tensor) -> Tensor:
    gram: Tensor = _Gram.apply(rows)
    return gram * gram.square().sum(1, keepdim=True).clamp_min(1e-24).rsqrt()


@DISTILL_LOSSES.register_module()
class SimilarityPreserving(DistillLoss):
    """``sp``: see :func:`similarity_preserving`; over the whole batch and all ranks. The usual weight is 3000.

    Channels and sizes may differ. Rows of other ranks are gathered; with ``pool='flatten'`` these are whole maps.

    Args:
        pool: a sample's vector: ``'flatten'``, its whole map (the paper), or ``'mean'``, the mean over pixels.

    Raises:
        ValueError: an unknown ``pool``.

    Source: Tung & Mori, ICCV 2019; released code: HobbitLong/RepDistiller ("verified by original author"), b84f547.
    """

    terms = ('sp',)
    same_channels = same_size = False
    spatial = True
    method = Method('SP', 'Tung & Mori 2019', 'features', note='pairs of samples')

    def __init__(self, pool: str = 'flatten') -> None:
        super().__init__()
        check_pool('SimilarityPreserving', pool)
        self.pool = pool

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'sp': similarity_preserving(*batch_rows(student, teacher, mask, self.pool))}
