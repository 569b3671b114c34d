"""TaskPrompter's extension of a transformer block: one prompt token per task besides the image tokens."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...structures import Size


class Affinities(NamedTuple):
    """The affinities of the prompts in one block: inner products, neither scaled nor normalised.

    Attributes:
        prompts: (B, heads, T, T), of the prompts with each other.
        places: (B, heads, T, h, w), of the prompts with the image tokens.
        channels: (B, T, C, windows, windows), of the prompts with the channels in each window.
    """

    prompts: Tensor
    places: Tensor
    channels: Tensor


class PromptBlock(nn.Module):
    """Runs a timm transformer block on prompts and image tokens together, and lets the prompts attend to channels.

    Prompts and image tokens attend to each other as one sequence, by the block's own attention. A linear layer expands each
    prompt to a map. In each window, this map attends to the maps of the channels; a second linear layer projects the result
    back to a token, which is added to the prompt's output of the attention. The prompts are not used after the last block:
    there is no second layer, and the prompts are returned unchanged.

    Source: Ye and Xu 2023 (TaskPrompter), section 3.2. The released ViT code does not use the attention to the channels: its
    second layer is applied to the prompt's own map (``faithful_to_release``). The released Swin code follows the paper.
    Addition: if the image's grid is not ``grid``, the prompts' maps are resized.

    Args:
        channels: C, the number of channels of a token.
        grid: (h, w), the grid of image tokens for which the linear layers are built.
        windows: number of windows along each side.
        faithful_to_release: see above.
        last: whether this is the last block.
    """

    def __init__(self, channels: int, grid: Size, windows: int, faithful_to_release: bool, last: bool = False) -> None:
        super().__init__()
        self.grid, self.windows, self.faithful_to_release = grid, windows, faithful_to_release
        places = grid[0] * grid[1]
        self.to_places = nn.Linear(channels, places)
        self.from_places = None if last else nn.Linear(places, channels)
        for layer in (self.to_places, self.from_places):
            if layer is not None:
                nn.init.trunc_normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)

    def forward(self, block: nn.Module, prompts: Tensor, places: Tensor, size: Size,
                wanted: bool) -> tuple[Tensor, Tensor, Affinities | None]:
        """Run the block.

        Args:
            block: a ``Block`` of timm's ``VisionTransformer``.
            prompts: (B, T, C).
            places: (B, h w, C), the image tokens.
            size: (h, w).
            wanted: whether to return the affinities.

        Returns:
            Prompts (B, T, C) and image tokens (B, h w, C) after the block, and the affinities, or None.
        """
        tasks = prompts.shape[1]
        normed = block.norm1(torch.cat((prompts, places), 1))
        shared = block.ls1(block.attn(normed))
        places = _through_mlp(block, places + block.drop_path1(shared[:, tasks:]))
        own = self._map(normed[:, :tasks], size)
        reads = self.from_places is not None and not self.faithful_to_release
        queries, keys = (windowed(maps, self.windows) for maps in (own, normed[:, tasks:].mT.unflatten(-1, size)))
        by_channel = queries @ keys.mT if wanted or reads else None  # (B, windows², T, C)
        if self.from_places is not None:
            if by_channel is not None and reads:
                own = joined((by_channel * keys.shape[-1] ** -0.5).softmax(-1) @ keys, self.windows, size)
            told = self.from_places(self._resized(own, self.grid).flatten(2))
            prompts = _through_mlp(block, prompts + block.drop_path1(shared[:, :tasks] + told))
        if not wanted or by_channel is None:
            return prompts, places, None
        scores = _raw_scores(block.attn, normed, tasks)
        channels = by_channel.unflatten(1, (self.windows, self.windows)).permute(0, 3, 4, 1, 2)
        return prompts, places, Affinities(scores[..., :tasks], scores[..., tasks:].unflatten(-1, size), channels)

    def _map(self, prompts: Tensor, size: Size) -> Tensor:
        """(B, T, C) -> (B, T, h, w)."""
        return self._resized(self.to_places(prompts).unflatten(-1, self.grid), size)

    @staticmethod
    def _resized(maps: Tensor, size: Size) -> Tensor:
        return maps if maps.shape[-2:] == tuple(size) else F.interpolate(maps, tuple(size), mode='bilinear',
                                                                         align_corners=False)


def _through_mlp(block: nn.Module, tokens: Tensor) -> Tensor:
    return tokens + block.drop_path2(block.ls2(block.mlp(block.norm2(tokens))))


def _raw_scores(attention: nn.Module, normed: Tensor, tasks: int) -> Tensor:
    """(B, heads, T, T + h w): inner products of the prompts' queries with all keys."""
    weight = attention.qkv.weight.chunk(3)
    bias = (None,) * 3 if attention.qkv.bias is None else attention.qkv.bias.chunk(3)
    queries, keys = (F.linear(part, weight[i], bias[i]).unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
                     for i, part in enumerate((normed[:, :tasks], normed)))
    return attention.q_norm(queries) @ attention.k_norm(keys).mT


def windowed(maps: Tensor, windows: int) -> Tensor:
    """(B, N, h, w) -> (B, windows², N, h w / windows²)."""
    parts = maps.unflatten(-1, (windows, -1)).unflatten(-3, (windows, -1))
    return parts.permute(0, 2, 4, 1, 3, 5).flatten(4).flatten(1, 2)


def joined(parts: Tensor, windows: int, size: Size) -> Tensor:
    """The inverse of :func:`windowed`: (B, windows², N, h w / windows²) -> (B, N, h, w)."""
    height, width = size[0] // windows, size[1] // windows
    maps = parts.unflatten(1, (windows, windows)).unflatten(-1, (height, width))
    return maps.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
