"""Masks of the valid pixels of a tap."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from ..structures import SampleMeta, Size, from_host


def picture_mask(meta: Sequence[SampleMeta], image_size: Size, size: Size, device: torch.device) -> Tensor | None:
    """Mask of the pixels of a tap that are on the image rather than on padding.

    Args:
        meta: one entry per sample; ``crop`` is the position of the image in the padded image.
        image_size: (H, W) of the padded image.
        size: (h, w) of the tap.
        device: device of the mask.

    Returns:
        (B, h, w) bool, True where the centre of the tap's pixel is inside the crop; None if no sample is padded.
    """
    height, width = image_size
    crops = tuple(tuple(entry.get('crop') or (0, 0, height, width)) for entry in meta)
    if all(crop == (0, 0, height, width) for crop in crops):
        return None
    return _inside(crops, (height, width), (size[0], size[1]), device)


@lru_cache(maxsize=8)  # the links of a step need the same few masks
def _inside(crops: tuple[tuple[int, ...], ...], image_size: Size, size: Size, device: torch.device) -> Tensor:
    """The mask of :func:`picture_mask`; it is cached and must not be modified."""
    height, width = image_size
    top, left, tall, wide = from_host(crops, device).unbind(1)
    inside_rows = _between(_centres(height, size[0], device), top, top + tall)
    inside_columns = _between(_centres(width, size[1], device), left, left + wide)
    return inside_rows[:, :, None] & inside_columns[:, None, :]


def at_size(valid: Tensor, size: Size) -> Tensor:
    """(B, …, H, W) -> (B, …, h, w): the value at the centre of each pixel of the smaller map."""
    height, width = valid.shape[-2:]
    rows = _centres(height, size[0], valid.device).long()
    columns = _centres(width, size[1], valid.device).long()
    return valid[..., rows, :][..., columns]


def _centres(length: int, cells: int, device: torch.device) -> Tensor:
    """Centres of ``cells`` equal cells along ``length`` pixels."""
    return (torch.arange(cells, device=device) + 0.5) * (length / cells)


def _between(positions: Tensor, first: Tensor, last: Tensor) -> Tensor:
    """(n,), (B,), (B,) -> (B, n) bool."""
    return (positions >= first[:, None]) & (positions < last[:, None])
