"""Cross-image relations: similarities of the pixels of all pairs of images in a batch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import all_rows
from .affinity import unit_pixels
from .chunked_kl import chunked_kl
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel


@DISTILL_LOSSES.register_module()
class CrossImage(DistillLoss):
    """``cross_image``: CIRKD's mini-batch term, over all pairs of images of the batch and of all ranks.

    A pixel's cosines with all pixels of an image, divided by τ, are a distribution; the term is the KL divergence from the
    student's to the teacher's, the mean over pixels and images. The channels may differ. The usual weight is 1.

    Maps are averaged down until they have at most ``pixels``; the scores are then computed in chunks, so that no matrix is
    larger than 4 MB (:func:`~mtkd.distill.losses.chunked_kl.chunked_kl`), and computed again in the backward pass.

    Args:
        tau: τ.
        pixels: maximum number of compared pixels per map.

    Source: Yang et al., CVPR 2022, equations 3 to 5; released code: winycg/CIRKD dab64db
    (``CriterionMiniBatchCrossImagePair``), which averages 4×4 pixels from 256×256 on, and compares within a rank.
    """

    terms = ('cross_image',)
    same_channels = False
    spatial = True
    method = Method('CIRKD, mini-batch', 'Yang et al. 2022a', 'features', fits='dense',
                    note='pixels of pairs of images, in chunks')

    def __init__(self, tau: float = 0.1, pixels: int = 4096) -> None:
        super().__init__()
        self.tau, self.pixels = tau, pixels

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features (B, C, h, w)."""
        ours, there = pooled(student, mask, self.pixels)
        theirs, _ = pooled(teacher, mask, self.pixels)
        ours, theirs = unit_pixels(ours, 1e-12).mT, unit_pixels(theirs, 1e-12).mT  # (B, N, C)
        rows, teacher_rows = ours.flatten(0, 1), theirs.flatten(0, 1)
        keys, teacher_keys = all_rows(ours.contiguous(), synced=True), all_rows(theirs.contiguous())
        kept = None if there is None else all_rows(there)
        values = [chunked_kl(rows, keys[j], teacher_rows, teacher_keys[j], None if kept is None else kept[j], self.tau)
                  for j in range(len(keys))]
        pictures = len(keys) if kept is None else kept.any(1).sum().clamp_min(1)
        each = torch.stack(values) if kept is None else torch.stack(values) * kept.any(1)[:, None]
        return {'cross_image': per_pixel((each.sum(0) / pictures).view(ours.shape[:2]), there)}


def pooled(view: Tensor, mask: Tensor | None, pixels: int) -> tuple[Tensor, Tensor | None]:
    """Average a map over equal squares, the smallest ones that give at most ``pixels`` cells.

    Args:
        view: (B, C, h, w).
        mask: (B, h, w) bool or None.
        pixels: maximum number of cells.

    Returns:
        (B, C, N), the mean of each cell over its valid pixels, and (B, N) bool, whether it has any; None without a mask.
    """
    side = 1
    while -(-view.shape[2] // side) * -(-view.shape[3] // side) > pixels:
        side += 1
    if mask is None:
        return F.avg_pool2d(view, side, ceil_mode=True).flatten(2) if side > 1 else view.flatten(2), None
    share = F.avg_pool2d(mask[:, None].to(view.dtype), side, ceil_mode=True).flatten(2)
    sums = F.avg_pool2d(masked(view, mask), side, ceil_mode=True).flatten(2)
    return sums / share.clamp_min(1e-6), share[:, 0] > 0
