"""Attention of every position to its k x k neighbourhood, by shifting instead of unfolding."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F


def _shifted(feature: Tensor, kernel: int, value: float = 0.0) -> Iterator[Tensor]:
    """(B, C, h, w) -> k² views of the padded feature, of the same shape, starting with the upper left neighbour."""
    height, width = feature.shape[-2:]
    reach = kernel // 2
    padded = F.pad(feature, (reach, reach, reach, reach), value=value)
    for top in range(kernel):
        for left in range(kernel):
            yield padded[..., top:top + height, left:left + width]


def local_weights(query: Tensor, key: Tensor, kernel: int) -> Tensor:
    """Softmax of <q_p, k_n> / sqrt(C) over the k² neighbours n of a position p; neighbours outside the map have weight 0.

    Args:
        query: (B, C, h, w).
        key: (B, C, h, w).
        kernel: k, odd.

    Returns:
        (B, k², h, w) float32.

    Raises:
        ValueError: ``kernel`` is even.
    """
    if kernel % 2 == 0:
        raise ValueError(f'local attention: kernel={kernel} is even; give an odd number.')
    scaled = query.float() * query.shape[1] ** -0.5
    scores = torch.stack([(scaled * near).sum(1) for near in _shifted(key.float(), kernel)], 1)
    inside = torch.cat(list(_shifted(torch.ones_like(scores[:1, :1]), kernel)), 1) > 0
    return scores.masked_fill(~inside, -torch.inf).softmax(1)


def local_sum(weights: Tensor, value: Tensor) -> Tensor:
    """Sum of (B, k², h, w) ``weights`` times (B, C, h, w) ``value`` over the neighbours of each position; (B, C, h, w)."""
    kernel = round(weights.shape[1] ** 0.5)
    weights = weights.to(value.dtype)
    total = torch.zeros_like(value)
    for i, near in enumerate(_shifted(value, kernel)):
        total = total + weights[:, i:i + 1] * near
    return total
