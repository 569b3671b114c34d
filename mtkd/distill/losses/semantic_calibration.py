"""SemCKD: attention-weighted distillation from all levels of the teacher to every level of the student."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from ...structures import all_rows
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, counted_samples, mask_at, masked, per_sample
from .pairs import sample_vectors


class Regressor(nn.Module):
    """1×1, 3×3 and 1×1 convolutions without bias, the first two with batch normalisation and ReLU, on valid pixels."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        width = 2 * out_channels
        self.convs = nn.ModuleList([nn.Conv2d(in_channels, width, 1, bias=False),
                                    nn.Conv2d(width, width, 3, padding=1, bias=False),
                                    nn.Conv2d(width, out_channels, 1, bias=False)])
        self.norms = nn.ModuleList([CountedNorm(width), CountedNorm(width)])

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, C, h, w) -> (B, C', h, w)."""
        for conv, norm in zip(self.convs, self.norms, strict=False):
            x = norm(conv(masked(x, mask)), mask).relu()
        return self.convs[-1](x)


class Embedding(nn.Module):
    """Maps a row of similarities to a unit vector of a quarter of its length, with two linear layers."""

    def __init__(self, length: int) -> None:
        super().__init__()
        width = max(length // 4, 1)
        self.layers = nn.Sequential(nn.Linear(length, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))

    def forward(self, rows: Tensor) -> Tensor:
        """(B, length) -> (B, length / 4)."""
        made = self.layers(rows)
        return made * made.square().sum(1, keepdim=True).clamp_min(1e-24).rsqrt()


@DISTILL_LOSSES.register_module()
class SemCKD(DistillLoss):
    """``semckd``: Σ over pairs of levels of attention × mean squared difference, over the student's levels and samples.

    Give the taps of both sides from fine to coarse.

    The attention of a sample between a student's and a teacher's level is computed from their similarities with all samples
    of the batch, whose number therefore determines the size of trained layers. Smaller batches are padded with zeros. The
    usual weight is 400.

    Args:
        batch_size: total number of samples per step over all ranks.

    Raises:
        ValueError: a batch is larger than ``batch_size``.

    Source: Chen et al., AAAI 2021, equations 4 to 8; released code: DefangChen/SemCKD ebe5db1.
    """

    terms = ('semckd',)
    same_channels = same_size = False
    spatial = True
    several = ('student', 'teacher')
    across_samples = True  # layer sizes depend on the batch
    method = Method('SemCKD', 'Chen et al. 2021b', 'levels', options={'batch_size': 8}, note='a fixed batch size')

    def __init__(self, batch_size: int) -> None:
        super().__init__()
        self.batch_size = batch_size

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        self.queries = nn.ModuleList(Embedding(self.batch_size) for _ in student)
        self.keys = nn.ModuleList(Embedding(self.batch_size) for _ in teacher)
        self.regressors = nn.ModuleList(nn.ModuleList(Regressor(own, other) for other in teacher) for own in student)

    def compare(self, student: tuple[Tensor, ...], teacher: tuple[Tensor, ...], mask: tuple[Tensor | None, ...]) -> Terms:
        """See :class:`DistillLoss`; the views are features of several levels."""
        queries = torch.stack([embed(self._similarities(view, own))
                               for embed, view, own in zip(self.queries, student, mask, strict=True)], 1)
        keys = torch.stack([embed(self._similarities(view, mask[0]))
                            for embed, view in zip(self.keys, teacher, strict=True)], 2)
        attention = (queries @ keys).softmax(2)
        gaps = torch.stack([torch.stack([self._gap(self.regressors[i][j], view, seen, mask[i], mask[0])
                                         for j, seen in enumerate(teacher)], 1) for i, view in enumerate(student)], 1)
        return {'semckd': per_sample((attention * gaps).sum((1, 2)) / len(student), mask[0])}

    def _similarities(self, view: Tensor, mask: Tensor | None) -> Tensor:
        """(B, batch_size): scalar products with the samples of all ranks."""
        own = sample_vectors(view, mask) * counted_samples(view, mask)[:, None]
        everyone = all_rows(own, synced=True)
        if len(everyone) > self.batch_size:
            raise ValueError(f'SemCKD was built for batches of {self.batch_size} samples, but was given {len(everyone)}; '
                             f'set batch_size to the total number of samples per step over all ranks.')
        return F.pad(own @ everyone.T, (0, self.batch_size - len(everyone)))

    def _gap(self, regressor: nn.Module, view: Tensor, seen: Tensor, mask: Tensor | None, fine: Tensor | None) -> Tensor:
        """(B,) the mean squared difference of two levels, the larger average-pooled to the smaller."""
        if view.shape[2] > seen.shape[2]:
            view = F.adaptive_avg_pool2d(masked(view, mask), seen.shape[2:])
        elif view.shape[2:] != seen.shape[2:]:
            seen = F.adaptive_avg_pool2d(masked(seen, mask_at(fine, (seen.shape[2], seen.shape[3]))), view.shape[2:])
        there = mask_at(mask, (view.shape[2], view.shape[3]))
        gap = masked(regressor(view, there) - seen, there).square().mean(1).sum((1, 2))
        return gap / (view[0, 0].numel() if there is None else there.flatten(1).sum(1).clamp_min(1))
