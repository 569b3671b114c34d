"""Probabilistic knowledge transfer: matches the neighbour probabilities between the samples of a batch."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .pairs import batch_rows, check_pool, pairs_of

EPS = 1e-7


def probabilistic_transfer(student: Tensor, teacher: Tensor, counts: Tensor | None = None, eps: float = EPS) -> Tensor:
    """Mean over all n² pairs of t ln((t + ε) / (s + ε)); s and t: rows of (1 + cosine) / 2, each row of sum 1.

    Args:
        student: (n, D).
        teacher: (n, D').
        counts: (n,) bool; None: all count.
        eps: ε, also added to the vectors' lengths.

    Source: Passalis & Tefas 2018, equations 3, 4 and 7.
    """
    pairs = None if counts is None else pairs_of(counts)
    ours, theirs = (_neighbours(rows, pairs, eps) for rows in (student, teacher))
    each = theirs * ((theirs + eps) / (ours + eps)).log()
    return each.mean() if pairs is None else each.sum() / pairs.sum().clamp_min(1)


def _neighbours(rows: Tensor, pairs: Tensor | None, eps: float) -> Tensor:
    """(n, D) -> (n, n) probabilities; 0 for invalid pairs."""
    length = rows.square().sum(1, keepdim=True).clamp_min(1e-30).sqrt()
    unit = rows / (length + eps)
    scaled = (unit @ unit.T + 1) / 2
    scaled = scaled if pairs is None else scaled.masked_fill(~pairs, 0.0)
    return scaled / scaled.sum(1, keepdim=True).clamp_min(1e-12)


@DISTILL_LOSSES.register_module()
class PKT(DistillLoss):
    """``pkt``: see :func:`probabilistic_transfer`; over the whole batch and all ranks. The usual weight is 30000.

    Channels and sizes may differ.

    Args:
        pool: a sample's vector: ``'mean'`` over pixels, or ``'flatten'``.
        eps: see :func:`probabilistic_transfer`.

    Raises:
        ValueError: an unknown ``pool``.

    Source: Passalis & Tefas, ECCV 2018; released code: passalis/probabilistic_kt, the same in HobbitLong/RepDistiller
    b84f547.
    """

    terms = ('pkt',)
    same_channels = same_size = False
    spatial = True
    method = Method('PKT', 'Passalis & Tefas 2018', 'features', note='pairs of samples')

    def __init__(self, pool: str = 'mean', eps: float = EPS) -> None:
        super().__init__()
        check_pool('PKT', pool)
        self.pool, self.eps = pool, eps

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'pkt': probabilistic_transfer(*batch_rows(student, teacher, mask, self.pool), self.eps)}
