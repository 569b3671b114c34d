"""What every distillation loss is: two views of the same shape and a mask in, named terms out."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...structures import PerSample

Terms = Mapping[str, PerSample | Tensor]


class DistillLoss(nn.Module):
    """Compares a student with a teacher.

    Subclasses write :meth:`compare`. It works in float32 (or float64) with autocast off, and the teacher carries no
    gradient.

    Attributes:
        reads: what the two views are: ``'probs'`` (a task's probability view), ``'log_probs'`` (its logarithm) or
            ``'tap'`` (the tensors themselves).
        tau: temperature of the probability view.
        terms: the names of the terms, known before any forward.
        directions: what a term compares, for those that need a probability view with a meaning that way: ``'inter'``,
            the classes of one pixel, or ``'intra'``, one class over all pixels.
        needs_distribution: whether the classes of a pixel have to sum to 1.
        same_channels: whether the two views need the same number of channels.
    """

    reads = 'tap'
    tau = 1.0
    terms: tuple[str, ...]
    directions: Mapping[str, str] = {}
    needs_distribution = False
    same_channels = True

    def forward(self, student: Tensor, teacher: Tensor, mask: Tensor | None = None) -> Terms:
        """The terms.

        Args:
            student: (B, C, h, w), or (B, C) for a label of the whole picture.
            teacher: the same.
            mask: (B, h, w) bool, or (B,); only what is True counts. None: everything counts.

        Returns:
            term -> (sum (B,), count (B,)), or () for a term of the whole batch, which is then already exact over ranks.
            0 with a zero gradient where nothing counts.
        """
        flat = None if mask is None else mask.view(len(mask), -1)
        with torch.autocast(student.device.type, enabled=False):
            return self.compare(rows(student), rows(teacher.detach()), flat)

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """The terms of (B, C, N) float views with an optional (B, N) mask; N is the number of pixels."""
        raise TypeError(f'{type(self).__name__} does not say how it compares')


def rows(view: Tensor) -> Tensor:
    """(B, C, h, w) or (B, C) -> (B, C, N) float32 (float64 stays)."""
    full = view if view.dtype == torch.float64 else view.float()
    return full.flatten(2) if full.ndim > 2 else full[:, :, None]


def masked(view: Tensor, mask: Tensor | None) -> Tensor:
    """(B, C, N) with 0 wherever the (B, N) mask is False; no gradient gets there."""
    return view if mask is None else view.masked_fill(~mask[:, None], 0.0)


def per_pixel(values: Tensor, mask: Tensor | None) -> PerSample:
    """(B, N) one value a pixel -> its sum and count per sample over the pixels that count."""
    if mask is None:
        return values.sum(1), torch.full_like(values[:, 0], values.shape[1])
    return values.masked_fill(~mask, 0.0).sum(1), mask.sum(1)


def per_sample(values: Tensor, mask: Tensor | None) -> PerSample:
    """(B,) one value a sample -> itself and 1, or 0 and 0 for a sample in which no pixel counts."""
    if mask is None:
        return values, torch.ones_like(values)
    counts = mask.any(1)
    return values.masked_fill(~counts, 0.0), counts
