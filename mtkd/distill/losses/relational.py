"""Relational knowledge distillation: distances and angles between the samples of a batch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms
from .pairs import batch_rows, check_pool, pairs_of


def relational_distance(student: Tensor, teacher: Tensor, counts: Tensor | None = None) -> Tensor:
    """Smooth L1 between the distances of samples, normalised by their mean; the mean over all n² pairs.

    Args:
        student: (n, D).
        teacher: (n, D').
        counts: (n,) bool; None: all count.

    Source: Park et al. 2019, equations 5 to 7.
    """
    counts = _all(student) if counts is None else counts
    pairs = pairs_of(counts)
    number = pairs.sum().clamp_min(1)
    scaled = []
    for rows in (student, teacher):
        distance = _distances(_gram(rows, counts), pairs)
        others = (distance > 0).sum().clamp_min(1)
        scaled.append(distance / (distance.sum() / others).clamp_min(1e-12))
    return F.smooth_l1_loss(scaled[0], scaled[1], reduction='none').masked_fill(~pairs, 0.0).sum() / number


def relational_angle(student: Tensor, teacher: Tensor, counts: Tensor | None = None) -> Tensor:
    """Smooth L1 between the cosines of the angles j-i-k of all triplets; the mean over all n³.

    The angles are computed from the n × n scalar products: this takes n³ numbers, whereas the released code stores n² D
    more.

    Args:
        student: (n, D).
        teacher: (n, D').
        counts: (n,) bool; None: all count.

    Source: Park et al. 2019, equations 8 to 10.
    """
    counts = _all(student) if counts is None else counts
    pairs = pairs_of(counts)
    number = counts.sum().clamp_min(1)
    angles = [_angles(_gram(rows, counts), pairs) for rows in (student, teacher)]
    return F.smooth_l1_loss(angles[0], angles[1], reduction='sum') / number ** 3


def _all(rows: Tensor) -> Tensor:
    return torch.ones(len(rows), dtype=torch.bool, device=rows.device)


def _gram(rows: Tensor, counts: Tensor) -> Tensor:
    """Scalar products of the centred rows, which preserve distances and avoid cancellation with a large mean."""
    weights = counts.to(rows.dtype)[:, None]
    mean = (rows * weights).sum(0) / weights.sum().clamp_min(1)
    centred = (rows - mean) * weights
    return centred @ centred.T


def _distances(gram: Tensor, pairs: Tensor) -> Tensor:
    """(n, n), 0 on the diagonal and for invalid pairs."""
    square = gram.diagonal()[:, None] + gram.diagonal()[None] - 2 * gram
    kept = pairs & ~torch.eye(len(gram), dtype=torch.bool, device=gram.device)
    return torch.where(kept, square.clamp_min(1e-12), torch.ones_like(square)).sqrt() * kept


def _angles(gram: Tensor, pairs: Tensor) -> Tensor:
    """(n, n, n): the cosine at i between j and k; 0 if two of them coincide or are invalid."""
    diagonal = gram.diagonal()
    square = diagonal[:, None] + diagonal[None] - 2 * gram
    tiny = 8 * torch.finfo(gram.dtype).eps * (diagonal[:, None] + diagonal[None])  # below it is rounding
    apart = pairs & (square > tiny)
    inverse = torch.where(apart, square, torch.ones_like(square)).rsqrt() * apart
    dots = gram[None] - gram[:, :, None] - gram[:, None] + diagonal[:, None, None]
    return dots * inverse[:, :, None] * inverse[:, None]


@DISTILL_LOSSES.register_module()
class RKD(DistillLoss):
    """``rkd_distance`` and ``rkd_angle``, over the whole batch and all ranks; usual weights 25 and 50.

    Channels and sizes may differ.

    Args:
        distance: weight of ``rkd_distance``.
        angle: weight of ``rkd_angle``.
        pool: a sample's vector: ``'flatten'``, its whole map, or ``'mean'``, the mean over pixels.

    Raises:
        ValueError: an unknown ``pool``.

    Source: Park et al., CVPR 2019; released code: lenscloth/RKD 0a6c3c0 (``metric/loss.py``), the same in
    HobbitLong/RepDistiller b84f547, whose weights are the defaults.
    """

    terms = ('rkd_distance', 'rkd_angle')
    same_channels = same_size = False
    spatial = True
    method = Method('RKD', 'Park et al. 2019', 'features', note='pairs and triplets of samples: n³ numbers')

    def __init__(self, distance: float = 25.0, angle: float = 50.0, pool: str = 'flatten') -> None:
        super().__init__()
        check_pool('RKD', pool)
        self.distance, self.angle, self.pool = distance, angle, pool

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        rows = batch_rows(student, teacher, mask, self.pool)
        return {'rkd_distance': self.distance * relational_distance(*rows),
                'rkd_angle': self.angle * relational_angle(*rows)}
