"""Cross-image relations to a memory of the teacher's pixels and regions of each class."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from ...structures import all_rows
from .affinity import unit_pixels
from .chunked_kl import chunked_kl
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel


@DISTILL_LOSSES.register_module()
class ClassMemory(DistillLoss):
    """``memory_pixel`` and ``memory_region``: CIRKD's memory terms.

    The teacher's unit features are stored in one queue per class: up to ``enqueued`` random pixels of an image, and their
    mean. The scores are a labelled pixel's cosines with ``pixels`` (``regions``) entries of each class, sampled at each
    step, divided by τ_c; the term is τ² KL of their softmaxes at temperature τ. The student's feature goes through a trained
    head of two 1×1 convolutions. Usual weights: .1 each.

    The queues are the same on all ranks. Scores are computed in chunks of at most 4 MB
    (:func:`~mtkd.distill.losses.chunked_kl.chunked_kl`).

    Args:
        classes: number of classes.
        pixel_queue: entries of a class's pixel queue.
        region_queue: entries of its region queue.
        pixels: number of a class's pixels to compare.
        regions: number of its regions to compare.
        enqueued: number of pixels of a class added per image.
        contrast_tau: τ_c.
        tau: τ.
        seed: seed of the initial vectors of the queues.

    Raises:
        ValueError: a non-positive number, or more entries to compare than the queue has.

    Source: Yang et al., CVPR 2022, equations 6 to 11; released code: winycg/CIRKD dab64db (``StudentSegContrast``), which
    writes pixels beyond the end of a queue before its end, whereas these queues wrap around.
    """

    terms = ('memory_pixel', 'memory_region')
    same_channels = False
    spatial = True
    across_samples = True  # draws numbers
    asks = ('target',)
    method = Method('CIRKD, memory', 'Yang et al. 2022a', 'features', fits='dense', options={'classes': 5, 'pixel_queue': 32,
                    'region_queue': 16, 'pixels': 8, 'regions': 8}, note='reads class labels; queues of each class')
    pixel_memory: Tensor
    region_memory: Tensor
    places: Tensor

    def __init__(self, classes: int, pixel_queue: int = 20000, region_queue: int = 2000, pixels: int = 216,
                 regions: int = 54, enqueued: int = 16, contrast_tau: float = 0.1, tau: float = 1.0, seed: int = 0) -> None:
        super().__init__()
        if min(classes, pixels, regions, enqueued) < 1 or pixels > pixel_queue or regions > region_queue:
            raise ValueError(f'ClassMemory: classes={classes}, enqueued={enqueued}, {pixels} of {pixel_queue} pixels and '
                             f'{regions} of {region_queue} regions; all must be 1 or more, and queues must not be shorter '
                             f'than the number of compared entries.')
        self.classes, self.sizes, self.compared = classes, (pixel_queue, region_queue), (pixels, regions)
        self.enqueued, self.contrast_tau, self.tau, self.seed = enqueued, contrast_tau, tau, seed

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        width = teacher[0]
        self.enter, self.enter_norm = nn.Conv2d(student[0], width, 1, bias=False), CountedNorm(width)
        self.leave = nn.Conv2d(width, width, 1, bias=False)
        generator = torch.Generator().manual_seed(self.seed)
        for name, size in zip(('pixel_memory', 'region_memory'), self.sizes, strict=True):
            # one extra entry receives discarded values, which avoids a device synchronisation
            drawn = torch.randn(self.classes, size + 1, width, generator=generator, device='cpu')
            self.register_buffer(name, F.normalize(drawn, dim=2))
        self.register_buffer('places', torch.zeros(2, self.classes, dtype=torch.int64))

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, *, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are features (B, C, h, w), ``target`` the classes (B, h, w)."""
        batch = len(student)
        labels = target.reshape(batch, -1)
        there = torch.ones_like(labels, dtype=torch.bool) if mask is None else mask.flatten(1)
        made = self.leave(self.enter_norm(self.enter(masked(student, mask)), mask).relu())
        ours, theirs = (unit_pixels(view, 1e-12).flatten(2).mT for view in (made, teacher))  # (B, N, C)
        if self.training:
            self._enqueue(theirs, labels.masked_fill(~there, -1))
        terms = {}
        for name, memory, size, count in zip(self.terms, (self.pixel_memory, self.region_memory), self.sizes, self.compared,
                                             strict=True):
            chosen = torch.randperm(size, device=memory.device)[:count]
            keys = memory[:, chosen].flatten(0, 1).to(ours.dtype)
            values = chunked_kl(ours.flatten(0, 1), keys, theirs.flatten(0, 1), tau=self.contrast_tau * self.tau)
            total, counted = per_pixel(values.view(batch, -1), there)
            terms[name] = (self.tau ** 2 * total, counted)
        return terms

    @torch.no_grad()
    def _enqueue(self, features: Tensor, labels: Tensor) -> None:
        """Append (B, N, C) unit features with (B, N) classes, -1 for none, of all ranks to the queues, in place."""
        own = labels[:, None] == torch.arange(self.classes, device=labels.device)[:, None]  # (B, K, N)
        means = F.normalize(own.to(features.dtype) @ features, dim=2)
        count = min(self.enqueued, features.shape[1])
        order = torch.rand(len(labels), 1, labels.shape[1], device=labels.device).masked_fill(~own, -1.0)
        found, index = order.topk(count, dim=2)  # (B, K, P)
        pixels = features.gather(1, index.flatten(1)[:, :, None].expand(-1, -1, features.shape[2]))
        self._write(0, all_rows(pixels.unflatten(1, (self.classes, count))), all_rows(found >= 0))
        self._write(1, all_rows(means[:, :, None]), all_rows(own.any(2)[:, :, None]))

    def _write(self, queue: int, entries: Tensor, there: Tensor) -> None:
        """Append the valid entries, (B, K, P, C) where (B, K, P) is True, to their class's queue."""
        memory, size = (self.pixel_memory, self.region_memory)[queue], self.sizes[queue]
        entries, there = entries.transpose(0, 1).flatten(1, 2), there.transpose(0, 1).flatten(1)  # (K, B P, …)
        number = there.cumsum(1)
        total = number[:, -1:]
        kept = there & (number > total - size)  # if there are more than fit, the last ones
        place = torch.where(kept, (self.places[queue][:, None] + number - 1) % size, torch.full_like(number, size))
        memory.scatter_(1, place[:, :, None].expand_as(entries), entries.to(memory.dtype))
        memory[:, size] = 0
        self.places[queue] = (self.places[queue] + total[:, 0]) % size
