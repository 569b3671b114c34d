"""Attention over the positions of all tasks' maps whose scores are passed on to a finer stage, as in InvPT."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth

from .context import full_precision
from .query_attention import feed_forward


def resized(maps: Tensor, size: Sequence[int]) -> Tensor:
    """(..., h, w) -> (..., \\*size), bilinear; unchanged if it has that size."""
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    flat = F.interpolate(maps.flatten(1, -3), size=list(size), mode='bilinear', align_corners=False)
    return flat.unflatten(1, maps.shape[1:-2])


class MessageAttention(nn.Module):
    """Attention from every second position of every task to coarse positions of all tasks, combined with the previous
    scores.

    Queries are computed by a 3x3 depthwise convolution of stride 2 with norm, per task; keys and values are means of
    ``pool`` x ``pool`` positions. Each is followed by a linear layer, the same for all tasks. The scores are <q, k> / sqrt(C
    / heads); those of the previous stage (the *message*: the same keys, a coarser grid of queries) are resized to this
    stage's queries and mixed in, before softmax, by a 1x1 convolution from the heads of both to the heads.

    Source: Ye and Xu 2022, fact sheet 4.3 and 5.4. Differences: scores and softmax are in float32; biases of the keys and of
    the mixture, which softmax cancels, are omitted.

    Args:
        tasks: T, the number of tasks.
        channels: C, the number of channels of a task's map.
        heads: number of attention heads, a divisor of ``channels``.
        pool: side of the squares over which keys and values are averaged.
        receives: whether there is a message.
        faithful_to_release: scale by sqrt(C) instead of sqrt(C / heads), as in the released code.
    """

    def __init__(self, tasks: int, channels: int, heads: int, pool: int, receives: bool = False,
                 faithful_to_release: bool = False) -> None:
        super().__init__()
        self.heads, self.pool = heads, pool
        self.scale = (channels if faithful_to_release else channels // heads) ** -0.5
        every = tasks * channels
        self.ask = nn.Sequential(nn.Conv2d(every, every, 3, stride=2, padding=1, groups=every, bias=False),
                                 nn.BatchNorm2d(every))
        self.query, self.value = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels, bias=False)
        self.mix = nn.Conv2d(2 * heads, heads, 1, bias=False) if receives else None
        self.project = nn.Linear(channels, channels)

    def forward(self, maps: Tensor, message: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute the attended features at every second position, and the scores.

        Args:
            maps: (B, T, C, h, w).
            message: scores of the previous stage, (B, heads, K, T, h'', w'').

        Returns:
            (B, T, C, h', w') with h' = ceil(h / 2), and float32 scores (B, heads, K, T, h', w') of the
            K = T ceil(h / pool) ceil(w / pool) keys.
        """
        asked = self.ask(maps.flatten(1, 2)).unflatten(1, maps.shape[1:3])
        pooled = F.avg_pool2d(maps.flatten(0, 1), self.pool, ceil_mode=True).unflatten(0, maps.shape[:2])
        query, key = self._split(self.query(_tokens(asked))), self._split(self.key(_tokens(pooled)))
        value = self._split(self.value(_tokens(pooled)))
        grid = (maps.shape[1], *asked.shape[-2:])
        with full_precision(maps):
            scores = torch.matmul(key.float(), query.float().mT) * self.scale  # (B, heads, K, T h' w')
            if self.mix is not None and message is not None:
                scores = self.mix(torch.cat((scores, resized(message, grid[1:]).flatten(3)), 1))
            shares = scores.softmax(2)
        taken = torch.matmul(shares.mT.to(value.dtype), value).transpose(1, 2).flatten(2)  # (B, T h' w', C)
        return self.project(taken).unflatten(1, grid).movedim(-1, 2), scores.unflatten(3, grid)

    def _split(self, tokens: Tensor) -> Tensor:
        """(B, L, C) -> (B, heads, L, C / heads)."""
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


def _tokens(maps: Tensor) -> Tensor:
    """(B, T, C, h, w) -> (B, T h w, C)."""
    return maps.movedim(2, -1).flatten(1, 3)


class MessageBlock(nn.Module):
    """:class:`MessageAttention` and a feed-forward network four times as wide, each with a pre-norm and a residual
    connection.

    Args:
        tasks: see :class:`MessageAttention`.
        channels: see :class:`MessageAttention`.
        heads: see :class:`MessageAttention`.
        pool: see :class:`MessageAttention`.
        receives: see :class:`MessageAttention`.
        drop_path: probability that a sample skips a branch. The released code sets .15 but obtains 0, because it spreads the
            rate linearly from 0 over the blocks of a stage, and there is only one block.
        faithful_to_release: no drop path, and the scale of the released attention.
    """

    def __init__(self, tasks: int, channels: int, heads: int, pool: int, receives: bool = False, drop_path: float = 0.15,
                 faithful_to_release: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.attend = MessageAttention(tasks, channels, heads, pool, receives, faithful_to_release)
        self.think = feed_forward(channels, 4 * channels)
        self.skip = StochasticDepth(0.0 if faithful_to_release else drop_path, 'row')
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.trunc_normal_(part.weight, std=0.02)
                if part.bias is not None:
                    nn.init.zeros_(part.bias)

    def forward(self, maps: Tensor, message: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(B, T, C, h, w) and a message -> the same shape, and the message for the next stage."""
        places = maps.movedim(2, -1)
        taken, scores = self.attend(self.norm(places).movedim(-1, 2), message)
        places = places + self.skip(resized(taken, maps.shape[-2:]).movedim(2, -1))
        places = places + self.skip(self.think(places))
        return places.movedim(-1, 2), scores
