"""Knowledge review: lower levels of the teacher also supervise higher levels of the student."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, mask_at, masked, per_sample

CELLS = (4, 2, 1)


def hierarchical_context(student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean squared difference of two maps and of their averages over 4×4, 2×2 and 1 cells, weighted 1, 1/2, 1/4, 1/8.

    Weights are normalised to sum 1; grids that are not smaller than the map are skipped.

    Args:
        student: (B, C, h, w).
        teacher: (B, C, h, w).
        mask: (B, h, w) bool; masked pixels are equal on both sides. None: no mask.

    Returns:
        (B,).

    Source: Chen et al. 2021, section 3.3 (HCL); weights as released.
    """
    gap = masked(student - teacher, mask)
    pixels = gap[0, 0].numel() if mask is None else mask.flatten(1).sum(1).clamp_min(1)
    total, weights, weight = gap.square().mean(1).sum((1, 2)) / pixels, 1.0, 1.0
    for cells in CELLS:
        if cells < gap.shape[2]:
            weight /= 2
            weights += weight
            total = total + weight * F.adaptive_avg_pool2d(gap, (cells, cells)).square().mean((1, 2, 3))
    return total / weights


class Fusion(nn.Module):
    """Attention-based fusion of a level with the feature from the level above.

    Args:
        in_channels: number of channels of the level.
        width: number of channels of the fused map.
        out_channels: number of output channels, those of the teacher.
        fuse: whether there is a level above.
    """

    def __init__(self, in_channels: int, width: int, out_channels: int, fuse: bool) -> None:
        super().__init__()
        self.enter = nn.Conv2d(in_channels, width, 1, bias=False)
        self.enter_norm = CountedNorm(width)
        self.leave = nn.Conv2d(width, out_channels, 3, padding=1, bias=False)
        self.leave_norm = CountedNorm(out_channels)
        self.attention = nn.Conv2d(2 * width, 2, 1) if fuse else None
        nn.init.kaiming_uniform_(self.enter.weight, a=1)
        nn.init.kaiming_uniform_(self.leave.weight, a=1)

    def forward(self, x: Tensor, above: Tensor | None, size: tuple[int, int], mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """A level and the feature from above -> the map for the teacher at ``size``, and the feature for the level below."""
        own = (x.shape[2], x.shape[3])
        x = self.enter_norm(self.enter(masked(x, mask_at(mask, own))), mask_at(mask, own))
        if self.attention is not None:
            assert above is not None
            above = F.interpolate(above, own, mode='nearest')
            share = self.attention(torch.cat([x, above], 1)).sigmoid()
            x = x * share[:, :1] + above * share[:, 1:]
        if own != size:
            x = F.interpolate(x, size, mode='nearest')
        there = mask_at(mask, size)
        x = masked(x, there)
        return self.leave_norm(self.leave(x), there), x


@DISTILL_LOSSES.register_module()
class ReviewKD(DistillLoss):
    """``review``: :func:`hierarchical_context` of each level, summed over levels, the mean over samples.

    Give the taps of both sides from fine to coarse. The usual weight is .6 to 8, with a warm-up over the first twelfth of
    the training (20 epochs of 240): ``warmup=1 / 12`` of the link.

    Args:
        width: channels of the fused maps; None: the coarsest student level's, 512 at most, as released.

    Raises:
        ValueError: different numbers of levels.

    Source: Chen et al., CVPR 2021; released code: dvlab-research/ReviewKD cede6ea.
    """

    terms = ('review',)
    same_channels = same_size = False
    spatial = True
    several = ('student', 'teacher')
    method = Method('ReviewKD', 'Chen et al. 2021a', 'levels')

    def __init__(self, width: int | None = None) -> None:
        super().__init__()
        self.width = width

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        if len(student) != len(teacher):
            raise ValueError(f'ReviewKD needs the same number of levels on both sides; there are {len(student)} of the '
                             f'student and {len(teacher)} of the teacher.')
        width = self.width or min(512, student[-1])
        self.fusions = nn.ModuleList(Fusion(own, width, other, fuse=i < len(student) - 1)
                                     for i, (own, other) in enumerate(zip(student, teacher, strict=True)))

    def compare(self, student: tuple[Tensor, ...], teacher: tuple[Tensor, ...], mask: tuple[Tensor | None, ...]) -> Terms:
        """See :class:`DistillLoss`; the views are features of several levels."""
        above, levels = None, []
        for fusion, view, seen, own in reversed(list(zip(self.fusions, student, teacher, mask, strict=True))):
            size = (seen.shape[2], seen.shape[3])
            made, above = fusion(view, above, size, own)
            levels.append(hierarchical_context(made, seen, mask_at(own, size)))
        total = levels[0]
        for level in levels[1:]:
            total = total + level
        return {'review': per_sample(total, mask[0])}
