"""Losses on the affinities of all pairs of pixels, without a matrix of all pairs."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample


def gram_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """Σ_ij (s_i · s_j - t_i · t_j)² over all pairs of pixels.

    With more pixels than channels it is ‖S Sᵀ‖² + ‖T Tᵀ‖² - 2 ‖S Tᵀ‖², products of C × C numbers; otherwise the N × N
    matrices are formed, which are then smaller. Therefore no matrix is larger than C², 64 MB for 4,096 channels.

    Args:
        student: (B, C, N).
        teacher: (B, C', N).

    Returns:
        (B,), ≥ 0.
    """
    if student.shape[2] <= max(student.shape[1], teacher.shape[1]):
        return (student.mT @ student - teacher.mT @ teacher).square().sum((1, 2))
    own, other, cross = (a @ b.mT for a, b in ((student, student), (teacher, teacher), (student, teacher)))
    total = own.square().sum((1, 2)) + other.square().sum((1, 2)) - 2 * cross.square().sum((1, 2))
    return total.clamp_min(0)


def unit_pixels(view: Tensor, eps: float = 1e-8, through_length: bool = True) -> Tensor:
    """(B, C, …) -> each pixel's channels divided by their length + ``eps``; 0 stays 0.

    Args:
        view: the features.
        eps: added to the length.
        through_length: whether the length carries a gradient.
    """
    length = view.square().sum(1, keepdim=True).clamp_min(1e-30).sqrt() + eps
    return view / (length if through_length else length.detach())


@DISTILL_LOSSES.register_module()
class Affinity(DistillLoss):
    """``affinity``: mean over all pairs of pixels of the squared difference of their cosines, the mean over samples.

    The channels may differ. The result is exact for every size, without a matrix of all pairs (:func:`gram_distance`).

    Source: He et al., CVPR 2019 (Knowledge Adaptation for Efficient Semantic Segmentation), section 3.3, the affinity
    distillation module; no code was released. torchdistill's ``AffinityLoss`` is something else (an affinity per channel).
    """

    terms = ('affinity',)
    same_channels = False
    method = Method('Affinity', 'He et al. 2019', 'features', fits='dense',
                    note=r'all pairs of pixels, $C \times C$ numbers')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        total = gram_distance(*(unit_pixels(masked(view, mask)) for view in (student, teacher)))
        pixels = student.shape[2] if mask is None else mask.sum(1).clamp_min(1)
        return {'affinity': per_sample(total / pixels ** 2, mask)}


@DISTILL_LOSSES.register_module()
class PairWise(DistillLoss):
    """``pair_wise``: SKD's pair-wise term, :class:`Affinity` between the maxima of the cells of a coarse grid.

    Args:
        scale: sides of a cell relative to those of the map; .5, the released default, makes 2 × 2 cells.
        through_length: whether the pixels' lengths carry a gradient; they do not in the released code.

    Raises:
        ValueError: ``scale`` is not in (0, 1].

    Cells without valid pixels are excluded. The result is exact for any scale, without a matrix of all pairs.

    Source: Liu et al., CVPR 2019, equation 3; released code: irfanICMLL/structure_knowledge_distillation ce208e1
    (``CriterionPairWiseforWholeFeatAfterPool``). The usual weight is .5.
    """

    terms = ('pair_wise',)
    same_channels = False
    spatial = True
    method = Method('SKD pair-wise', 'Liu et al. 2019', 'features', fits='dense',
                    note='pairs of cells')

    def __init__(self, scale: float = 0.5, through_length: bool = False) -> None:
        super().__init__()
        if not 0 < scale <= 1:
            raise ValueError(f'PairWise: scale={scale} must be a fraction of the map, above 0 and at most 1.')
        self.scale, self.through_length = scale, through_length

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features (B, C, h, w)."""
        cell = tuple(max(int(side * self.scale), 1) for side in student.shape[2:])
        student, there = _cell_maxima(student, mask, cell)
        teacher, _ = _cell_maxima(teacher, mask, cell)
        total = gram_distance(*(unit_pixels(view, through_length=self.through_length) for view in (student, teacher)))
        cells = student.shape[2] if there is None else there.sum(1).clamp_min(1)
        return {'pair_wise': per_sample(total / cells ** 2, there)}


def _cell_maxima(view: Tensor, mask: Tensor | None, cell: tuple[int, ...]) -> tuple[Tensor, Tensor | None]:
    """(B, C, h, w) -> (B, C, M), the maximum of each cell over its valid pixels, and (B, M): whether it has any."""
    if mask is None:
        return F.max_pool2d(view, cell, cell, ceil_mode=True).flatten(2), None
    there = F.max_pool2d(mask[:, None].to(view.dtype), cell, cell, ceil_mode=True)[:, 0].flatten(1) > 0
    low = torch.finfo(view.dtype).min
    pooled = F.max_pool2d(view.masked_fill(~mask[:, None], low), cell, cell, ceil_mode=True).flatten(2)
    return pooled.masked_fill(~there[:, None], 0.0), there
