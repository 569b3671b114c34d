"""Swin's window attention, as self-attention or with the queries and keys of another feature."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Windows:
    """Splits a map into square windows, and joins them again.

    Maps are zero-padded at the bottom and right to a multiple of the window; the padding is attended to, as in Swin's dense
    networks. A map smaller than the window is one window.

    Args:
        side: side of a window, in positions.
        shifted: shift the map by half a side first, so that windows cross the borders of the unshifted ones.
    """

    def __init__(self, side: int, shifted: bool) -> None:
        self.side = side
        self.shift = side // 2 if shifted else 0

    def split(self, feature: Tensor) -> Tensor:
        """(B, h, w, C) -> (B, W, side², C), row by row."""
        height, width = feature.shape[1:3]
        filled = F.pad(feature, (0, 0, 0, -width % self.side, 0, -height % self.side))
        return self._cut(filled.roll((-self.shift, -self.shift), (1, 2)) if self.shift else filled)

    def join(self, windows: Tensor, height: int, width: int) -> Tensor:
        """(B, W, side², C) -> (B, height, width, C)."""
        columns = -(-width // self.side)
        rows = windows.unflatten(1, (-1, columns)).unflatten(3, (self.side, self.side))
        whole = rows.transpose(2, 3).flatten(3, 4).flatten(1, 2)
        if self.shift:
            whole = whole.roll((self.shift, self.shift), (1, 2))
        return whole[:, :height, :width]

    def apart(self, height: int, width: int, device: torch.device) -> Tensor | None:
        """Mask of the pairs of positions in a window that are adjacent only because of the shift, from opposite borders.

        Returns:
            (W, 1, side², side²) bool, or None if the map is not shifted.
        """
        if not self.shift:
            return None
        rows, columns = (self._parts(length + -length % self.side, device) for length in (height, width))
        part = self._cut((3 * rows[:, None] + columns)[None, :, :, None])[0, :, :, 0]
        return (part[:, :, None] != part[:, None, :])[:, None]

    def _cut(self, filled: Tensor) -> Tensor:
        rows = filled.unflatten(1, (-1, self.side)).unflatten(3, (-1, self.side))
        return rows.transpose(2, 3).flatten(3, 4).flatten(1, 2)

    def _parts(self, length: int, device: torch.device) -> Tensor:
        """(length,): 0 before the last window, 1 in it, 2 for positions shifted there from the other border."""
        places = torch.arange(length, device=device)
        return (places >= length - self.side).long() + (places >= length - self.shift).long()


class WindowAttention(nn.Module):
    """Multi-head attention within a window, with a learned relative position bias.

    Queries and keys come from one feature, values may come from another: the values of a task are then weighted by the
    attention of another task, as in MTFormer. With the same feature for all three, this is Swin's attention.

    Args:
        channels: number of channels of both features.
        heads: number of attention heads, a divisor of ``channels``.
        side: side of a window.
        scale: factor of the inner products; None: 1 / sqrt(head width), as in Swin.
    """

    index: Tensor

    def __init__(self, channels: int, heads: int, side: int, scale: float | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.scale = (channels // heads) ** -0.5 if scale is None else scale
        self.query_key = nn.Linear(channels, 2 * channels)
        self.value = nn.Linear(channels, channels)
        self.project = nn.Linear(channels, channels)
        self.bias = nn.Parameter(nn.init.trunc_normal_(torch.empty((2 * side - 1) ** 2, heads), std=0.02))
        self.register_buffer('index', _relative_places(side), persistent=False)

    def forward(self, asking: Tensor, answering: Tensor, apart: Tensor | None = None) -> Tensor:
        """Attend.

        Args:
            asking: (B, W, side², C), the feature for queries and keys.
            answering: same shape, the feature for values.
            apart: see :meth:`Windows.apart`.

        Returns:
            (B, W, side², C).
        """
        query, key = self._by_head(self.query_key(asking)).chunk(2, 2)
        value = self._by_head(self.value(answering))
        scores = query @ key.mT * self.scale + self.bias[self.index].movedim(-1, 0)
        if apart is not None:
            scores = scores.masked_fill(apart, -torch.inf)
        return self.project((scores.softmax(-1) @ value).transpose(2, 3).flatten(3))

    def _by_head(self, tokens: Tensor) -> Tensor:
        """(B, W, N, n C) -> (B, W, n heads, N, C / heads)."""
        return tokens.unflatten(3, (-1, self.value.out_features // self.heads)).transpose(2, 3)


def _relative_places(side: int) -> Tensor:
    """(side², side²): the row of the bias table for the relative position of every pair of positions."""
    steps = torch.arange(side)
    rows, columns = (grid.flatten() for grid in torch.meshgrid(steps, steps, indexing='ij'))
    down, right = (places[:, None] - places + side - 1 for places in (rows, columns))
    return down * (2 * side - 1) + right


def two_layers(in_channels: int, hidden: int, out_channels: int) -> nn.Sequential:
    """Linear, GELU, linear."""
    return nn.Sequential(nn.Linear(in_channels, hidden), nn.GELU(), nn.Linear(hidden, out_channels))


class SwinBlock(nn.Module):
    """Window attention and a feed-forward network four times as wide, each with a pre-norm and a residual connection.

    Args:
        channels: number of channels of the feature.
        heads: number of heads of the attention.
        side: side of a window.
        shifted: see :class:`Windows`.
    """

    def __init__(self, channels: int, heads: int, side: int, shifted: bool) -> None:
        super().__init__()
        self.windows = Windows(side, shifted)
        self.norm = nn.LayerNorm(channels)
        self.attend = WindowAttention(channels, heads, side)
        self.think = nn.Sequential(nn.LayerNorm(channels), two_layers(channels, 4 * channels, channels))

    def forward(self, feature: Tensor) -> Tensor:
        """(B, h, w, C) -> the same."""
        height, width = feature.shape[1:3]
        tokens = self.windows.split(self.norm(feature))
        attended = self.attend(tokens, tokens, self.windows.apart(height, width, feature.device))
        feature = feature + self.windows.join(attended, height, width)
        return feature + self.think(feature)


class SwinStage(nn.Module):
    """Swin blocks, every second one shifted, and a layer norm.

    Source: Liu et al. 2021 (Swin), without drop path and patch merging.

    Args:
        channels: number of channels of the feature.
        heads: number of heads of every attention.
        side: side of a window.
        depth: number of blocks.
    """

    def __init__(self, channels: int, heads: int, side: int, depth: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*(SwinBlock(channels, heads, side, block % 2 == 1) for block in range(depth)))
        self.norm = nn.LayerNorm(channels)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, h, w, C) -> the same."""
        return self.norm(self.blocks(feature))
