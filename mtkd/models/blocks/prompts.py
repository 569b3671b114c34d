"""TaskPrompter's part of a transformer block: a prompt for each task beside the image's places."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...structures import Size


class Affinities(NamedTuple):
    """What the prompts of a block compare themselves with: raw scores, neither scaled nor normalised.

    Attributes:
        prompts: (B, heads, T, T), with each other.
        places: (B, heads, T, h, w), with the places.
        channels: (B, T, C, windows, windows), with the channels in each window.
    """

    prompts: Tensor
    places: Tensor
    channels: Tensor


class PromptBlock(nn.Module):
    """What runs a timm transformer block on places and prompts together, and lets prompts attend to channels.

    Prompts and places attend to each other as one sequence, by the block's own attention. A linear layer makes a map of each
    prompt, which is compared with the map of each channel, window by window; what the prompt reads there comes back by a
    second linear layer and is added to its share of the attention. After the last block nobody reads the prompts: it has no
    second layer and leaves them as they are.

    Source: Ye and Xu 2023 (TaskPrompter), section 3.2. The released code on ViT never uses what the prompts read of the
    channels: it sends the prompt's own map through the second layer, ``faithful_to_release``; the one on Swin does as the
    paper. Ours: on another grid than ``grid`` a prompt's map is resized.

    Args:
        channels: C, of a place.
        grid: (h, w), the places that the linear layers are made for.
        windows: along each side.
        faithful_to_release: as above.
        last: it is beside the last block.
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
            places: (B, h w, C).
            size: (h, w).
            wanted: give the affinities too.

        Returns:
            Prompts and places after it, and the affinities or None.
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
    """(B, heads, T, T + h w): products of the prompts' queries and everybody's keys."""
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
    """The other way round: (B, windows², N, h w / windows²) -> (B, N, h, w)."""
    height, width = size[0] // windows, size[1] // windows
    maps = parts.unflatten(1, (windows, windows)).unflatten(-1, (height, width))
    return maps.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)
