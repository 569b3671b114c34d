"""FSP: products of channels of neighbouring levels, which describe the flow of the solution procedure."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, mask_at, masked, per_sample


def flow(low: Tensor, high: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean over pixels of low_i · high_j of two maps, average-pooled to the smaller size.

    Args:
        low: (B, C, h, w).
        high: (B, C', h', w').
        mask: (B, …) bool, the valid pixels, at any size; None: all.

    Returns:
        (B, C, C').

    Source: Yim et al. 2017, equation 1.
    """
    size = (min(low.shape[2], high.shape[2]), min(low.shape[3], high.shape[3]))
    maps = [_pooled(view, mask, size) for view in (low, high)]
    there = mask_at(mask, size)
    pixels = size[0] * size[1] if there is None else there.flatten(1).sum(1).clamp_min(1)[:, None, None]
    rows = [masked(view, there).flatten(2) for view in maps]
    return rows[0] @ rows[1].mT / pixels


def _pooled(view: Tensor, mask: Tensor | None, size: tuple[int, int]) -> Tensor:
    """The mean of each cell over its valid pixels."""
    full = (view.shape[2], view.shape[3])
    own = mask_at(mask, full)
    if full == size:
        return masked(view, own)
    pooled = F.adaptive_avg_pool2d(masked(view, own), size)
    if own is None:
        return pooled
    share = F.adaptive_avg_pool2d(own[:, None].to(view.dtype), size)
    return pooled / share.clamp_min(1e-6)


@DISTILL_LOSSES.register_module()
class FSP(DistillLoss):
    """``fsp``: mean squared difference of the :func:`flow` matrices, summed over pairs of neighbouring levels.

    Give two or more taps on both sides, from fine to coarse. If the channels of a level differ, the student's are mapped by
    a trained 1×1 convolution (ours; the paper has equal channels). The usual weight is 50; the released code first trains
    with this term alone.

    Source: Yim et al., CVPR 2017, equation 2; released code: HobbitLong/RepDistiller b84f547 (``FSP``).

    Raises:
        ValueError: only one level, or different numbers of levels.
    """

    terms = ('fsp',)
    same_channels = same_size = False
    spatial = True
    several = ('student', 'teacher')
    method = Method('FSP', 'Yim et al. 2017', 'levels')

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        if len(student) != len(teacher) or len(student) < 2:
            raise ValueError(f'FSP compares pairs of neighbouring levels: give the same number of taps, two or more, on '
                             f'both sides; there are {len(student)} of the student and {len(teacher)} of the teacher.')
        self.projectors = nn.ModuleList(nn.Identity() if own == other else nn.Conv2d(own, other, 1, bias=False)
                                        for own, other in zip(student, teacher, strict=True))

    def compare(self, student: tuple[Tensor, ...], teacher: tuple[Tensor, ...], mask: tuple[Tensor | None, ...]) -> Terms:
        """See :class:`DistillLoss`; the views are features of several levels."""
        ours = [project(view) for project, view in zip(self.projectors, student, strict=True)]
        gaps = [(flow(ours[i], ours[i + 1], mask[0]) - flow(teacher[i], teacher[i + 1], mask[0])).square().mean((1, 2))
                for i in range(len(ours) - 1)]
        total = gaps[0]
        for gap in gaps[1:]:
            total = total + gap
        return {'fsp': per_sample(total, mask[0])}
