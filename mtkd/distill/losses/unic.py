"""UNIC: several teachers with a ladder of projectors each, and random dropping of teachers that are already matched."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, mask_at, masked
from .feature_statistics import METHODS, Standardiser
from .radio import cosine_distance


class Ladder(nn.Module):
    """A sum of two-layer projectors, one from each level of the student, to one teacher's channels.

    Args:
        in_channels: number of channels of the levels.
        out_channels: number of channels of the teacher.
        hidden: width of the projectors of all levels but the last.
        last_hidden: width of the last level's.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: int, hidden: int, last_hidden: int) -> None:
        super().__init__()
        widths = [hidden] * (len(in_channels) - 1) + [last_hidden]
        self.steps = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, width, 1), nn.GELU(), nn.Conv2d(width, out_channels, 1))
                                   for channels, width in zip(in_channels, widths, strict=True))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, levels: Sequence[Tensor], like: Tensor) -> Tensor:
        """The levels (B, C, h, w) -> (B, C', H, W) at the size of ``like``, each resized bilinearly."""
        total = torch.zeros_like(like)
        for step, level in zip(self.steps, levels, strict=True):
            made = step(level)
            total = total + (made if made.shape[2:] == like.shape[2:] else
                             F.interpolate(made, like.shape[2:], mode='bilinear', align_corners=False))
        return total


@DISTILL_LOSSES.register_module()
class UNIC(DistillLoss):
    """``unic``: for each teacher, λ_cos (1 - cos) + λ_sl1 smooth-L1 between the ladder's output and the teacher's feature.

    The loss of a sample and a teacher is the mean over positions. In training, the teacher with the largest loss of a sample
    is always kept, each other one with probability 1 - ``drop``; the term is the mean over all kept losses. A link names
    levels and teachers::

        dict(task='semseg', student=['trunk.1', 'trunk.2', 'trunk.3'], teacher=['dino:map', 'deit:map'],
             loss=dict(type='UNIC'))

    Args:
        hidden: width of the projectors.
        last_hidden: width of the projector from the last level.
        cosine: λ_cos.
        smooth_l1: λ_sl1; smooth-L1 has its threshold at 1 and is averaged over channels.
        drop: probability of dropping; 0: no dropping.
        standardise: method for the teachers' features; see :class:`~mtkd.distill.losses.feature_statistics.Standardiser`.
        steps: see :class:`~mtkd.distill.losses.feature_statistics.Standardiser`.

    Raises:
        ValueError: an invalid probability, or an unknown standardisation.

    Source: Sariyildiz et al., ECCV 2024, sections 3.2 to 3.4; github.com/naver/unic at 02269db, ``modeling/losses.py``,
    ``modeling/teacher_dropping.py`` and ``modeling/unic.py`` (hidden 768, last 3072 for ViT-B). The official teachers'
    statistics are a moving average, here they are exact over the first steps; the official ladder also starts from the
    patch embedding, and its class token has a separate ladder: add another link for it.
    """

    terms = ('unic',)
    same_channels = same_size = False
    spatial = True
    several = ('student', 'teacher')
    method = Method('UNIC', 'Sariyildiz et al. 2024', 'teachers', note='a ladder of projectors for each teacher')

    def __init__(self, hidden: int = 128, last_hidden: int = 512, cosine: float = 0.5, smooth_l1: float = 0.5,
                 drop: float = 0.5, standardise: str = 'standardise', steps: int = 100) -> None:
        super().__init__()
        if not 0 <= drop <= 1 or standardise not in METHODS:
            raise ValueError(f"UNIC: drop={drop}, standardise='{standardise}'; give a probability and one of "
                             f"{', '.join(METHODS)}.")
        self.hidden, self.last_hidden = hidden, last_hidden
        self.cosine, self.smooth_l1, self.drop = cosine, smooth_l1, drop
        self.standardise, self.steps = standardise, steps
        self.ladders = nn.ModuleList()
        self.scales = nn.ModuleList()

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`: a ladder and statistics for each teacher."""
        self.ladders.extend(Ladder(student, channels, self.hidden, self.last_hidden) for channels in teacher)
        self.scales.extend(Standardiser(channels, self.standardise, self.steps) for channels in teacher)

    def compare(self, student: tuple[Tensor, ...], teacher: tuple[Tensor, ...], mask: tuple[Tensor | None, ...]) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        student = tuple(masked(level, own) for level, own in zip(student, mask, strict=True))  # resizing mixes pixels
        finest = None if mask[0] is None else max((own for own in mask if own is not None), key=Tensor.numel)
        values, counts = zip(*(self._of(i, student, part, finest) for i, part in enumerate(teacher)), strict=True)
        losses, there = torch.stack(values), torch.stack(counts)
        kept = self.keep(losses, there)
        return {'unic': ((losses * kept).sum(0), kept.sum(0))}

    def _of(self, i: int, student: Sequence[Tensor], teacher: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """One teacher's loss of each sample, (B,), and whether the sample has valid pixels, (B,) bool."""
        own = mask_at(mask, (teacher.shape[2], teacher.shape[3]))
        flat = None if own is None else own.flatten(1)
        target = self.scales[i](teacher.flatten(2), flat)
        made = self.ladders[i](student, teacher).flatten(2)
        made, target = masked(made, flat), masked(target, flat)
        values = self.cosine * cosine_distance(made, target) + \
            self.smooth_l1 * F.smooth_l1_loss(made, target, reduction='none').mean(1)
        if flat is None:
            return values.mean(1), torch.ones(len(values), dtype=torch.bool, device=values.device)
        return values.masked_fill(~flat, 0.0).sum(1) / flat.sum(1).clamp_min(1), flat.any(1)

    @torch.no_grad()
    def keep(self, losses: Tensor, there: Tensor) -> Tensor:
        """(M, B) losses and their validity -> (M, B) 1 for kept losses, 0 for dropped ones."""
        kept = torch.ones_like(losses)
        if self.training and self.drop:
            kept = (torch.rand_like(losses) >= self.drop).to(losses.dtype)
            kept.scatter_(0, losses.argmax(0, keepdim=True), 1.0)
        return kept * there
