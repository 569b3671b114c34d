"""TaskPrompter: a transformer with a learned prompt per task, from whose affinities the task's features are computed."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import BACKBONES
from ...structures import Size
from ..blocks.plain_transformer import FINER, as_map, embedded, plain_transformer
from ..blocks.prompts import Affinities, PromptBlock
from ..net import Taps, TapSpec


class PromptDecoder(nn.Module):
    """The feature of a task at one layer: the layer's map, weighted by the affinities of the task's prompt.

    The map is multiplied by the prompt's affinities with positions (per attention head) and, separately, by those with
    channels (per window); the map itself is added to both results. A 1x1 convolution is applied to each of the two. They are
    concatenated and passed through a 1x1 and a 3x3 convolution, batch norm, GELU and a 1x1 convolution.

    Args:
        in_channels: C, the number of channels of the layer.
        channels: number of output channels of the first two convolutions.
        out_channels: number of channels of the feature.
    """

    def __init__(self, in_channels: int, channels: int, out_channels: int) -> None:
        super().__init__()
        self.by_place = nn.Conv2d(in_channels, channels, 1)
        self.by_channel = nn.Conv2d(in_channels, channels, 1)
        self.fuse = nn.Sequential(
            nn.Conv2d(2 * channels, out_channels, 1), nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels), nn.GELU(), nn.Conv2d(out_channels, out_channels, 1))

    def forward(self, feature: Tensor, places: Tensor, channels: Tensor) -> Tensor:
        """Weight the map and fuse the results.

        Args:
            feature: (B, C, h, w).
            places: (B, heads, h, w), the task's row of :attr:`~mtkd.models.blocks.prompts.Affinities.places`.
            channels: (B, C, windows, windows), the task's row of
                :attr:`~mtkd.models.blocks.prompts.Affinities.channels`.

        Returns:
            (B, out_channels, h, w).
        """
        by_place = (feature.unflatten(1, (places.shape[1], -1)) * places.unsqueeze(2)).flatten(1, 2) + feature
        by_channel = feature * F.interpolate(channels, feature.shape[-2:], mode='nearest') + feature
        return self.fuse(torch.cat((self.by_place(by_place), self.by_channel(by_channel)), 1))


class CrossTaskWeights(nn.Module):
    """The feature of a task as a sum of all tasks' features, weighted according to the affinities of its prompt with theirs.

    Args:
        heads: number of attention heads.
    """

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.Linear(heads, heads), nn.GELU(), nn.Linear(heads, 1))

    def forward(self, affinities: Tensor, features: Tensor) -> Tensor:
        """(B, heads, T) affinities of one prompt with all prompts, (B, T, C, h, w) features -> (B, C, h, w)."""
        weights = self.weigh(affinities.mT)[..., 0]  # (B, T)
        return torch.einsum('bt,btchw->bchw', weights, features)


@BACKBONES.register_module()
class TaskPrompterTrunk(nn.Module):
    """A plain vision transformer with a learned prompt per task, and decoders that use the prompts' affinities.

    Prompts and image tokens pass through every block together (:class:`~mtkd.models.blocks.prompts.PromptBlock`). At each of
    the backbone's ``out_indices``, the feature of a task is computed from the map and the affinities of the task's prompt
    with positions and channels (:class:`PromptDecoder`); with ``cross_task``, it is then a weighted sum over all tasks
    (:class:`CrossTaskWeights`). The sum of the features of all layers, upsampled by 4, is ``<task>.in``. The paper's head is
    ``FCNHead(channels=width, activation='gelu')``.

    Taps: ``trunk.0``, …, the maps of the layers, the last one normalised; ``<task>.scale0``, …, the task's feature of each;
    ``<task>.in``. The features do not depend on the maps alone, so there is no tap ``shared``: gradient balances need
    ``level='params'``.

    Source: Ye and Xu 2023, the ViT version. With ``faithful_to_release``, outputs and gradients equal those of
    ``TaskPrompter`` in prismformore/Multi-Task-Transformer (870c6be) with its weights. Differences: images may have other
    sizes than ``img_size`` (the prompts' maps and the position embeddings are resized); biases that a norm cancels and the
    unused prompt layer of the last block are omitted; the last norm is initialised instead of loaded.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of a ``TimmBackbone``: a plain vision transformer with ``img_size``.
        channels: number of output channels of a decoder's first two convolutions.
        width: number of channels of a task's feature.
        windows: number of windows along each side in which prompts are compared with channels. The image's sides must be
            divisible by patch size times ``windows``; set ``pad_multiple`` of the backbone accordingly.
        cross_task: replace the feature of a task by a weighted sum over all tasks.
        faithful_to_release: prompts do not attend to channels; see :class:`~mtkd.models.blocks.prompts.PromptBlock`.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: fewer than two tasks, no backbone or one that is not a plain vision transformer, numbers that are not
            positive, a patch size that is not divisible by 4, or a token grid that is not divisible by ``windows``.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None, channels: int = 768,
                 width: int = 768, windows: int = 4, cross_task: bool = False, faithful_to_release: bool = False) -> None:
        super().__init__()
        if len(tasks) < 2:
            raise ValueError(f'TaskPrompterTrunk has a prompt for each of two or more tasks and was given {list(tasks)}: it '
                             f'is a trunk, set it as model.net.trunk; for one task, use model.net.backbone.')
        if backbone is None:
            raise ValueError("TaskPrompterTrunk: give backbone=dict(type='TimmBackbone', name='vit_base_patch16_384', "
                             'img_size=…).')
        if min(channels, width, windows) < 1:
            raise ValueError(f'TaskPrompterTrunk: channels={channels}, width={width}, windows={windows}; each must be 1 or '
                             f'more.')
        self.tasks, self.windows, self.cross_task = tuple(tasks), windows, cross_task
        self.backbone = BACKBONES.build(dict(backbone))
        model = plain_transformer('TaskPrompterTrunk', self.backbone, str(backbone.get('name', backbone['type'])),
                                  'its blocks also process the prompts')
        self.patch: Size = tuple(model.patch_embed.patch_size)
        stride, dim, heads = self.backbone.strides[0], model.embed_dim, model.blocks[0].attn.num_heads
        self._check_grid(model.patch_embed.grid_size, model.patch_embed.img_size)
        self.layers = [int(i) for i in self.backbone.body.out_indices]
        self.prompts = nn.Parameter(nn.init.trunc_normal_(torch.empty(len(tasks), dim), 1.0, 1.0))
        self.blocks = nn.ModuleList(
            PromptBlock(dim, model.patch_embed.grid_size, windows, faithful_to_release, i == self.layers[-1])
            for i in range(len(model.blocks)))
        self.norm = nn.LayerNorm(dim, 1e-6)
        self.decoders = nn.ModuleList(nn.ModuleDict({task: PromptDecoder(dim, channels, width) for task in tasks})
                                      for _ in self.layers)
        self.mixes = nn.ModuleList(nn.ModuleDict({task: CrossTaskWeights(heads) for task in tasks if cross_task})
                                   for _ in self.layers)
        self.tap_specs = {f'trunk.{i}': TapSpec(dim, stride) for i in range(len(self.layers))}
        for task in tasks:
            self.tap_specs.update({f'{task}.scale{i}': TapSpec(width, stride) for i in range(len(self.layers))})
            self.tap_specs[f'{task}.in'] = TapSpec(width, stride // FINER)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        model = self.backbone.body.model
        tokens, size = embedded(self.backbone, image)
        places = tokens[:, model.num_prefix_tokens:]
        prompts = self.prompts.repeat(len(image), 1, 1)  # a view breaks FlopCounterMode without gradients
        taps: Taps = {}
        for i, (block, beside) in enumerate(zip(model.blocks, self.blocks, strict=True)):
            prompts, places, affinities = beside(block, prompts, places, size, i in self.layers)
            if affinities is not None:
                level = self.layers.index(i)
                given = self.norm(places) if i == self.layers[-1] else places
                taps[f'trunk.{level}'] = feature = as_map(given, size)
                taps.update(self._features(level, feature, affinities))
        for task in self.tasks:
            total = torch.stack([taps[f'{task}.scale{i}'] for i in range(len(self.layers))]).sum(0)
            taps[f'{task}.in'] = F.interpolate(total, scale_factor=float(FINER), mode='bilinear', align_corners=False)
        return taps

    def check_size(self, size: Size) -> None:
        """Check that the token grid of an image is divisible by the number of windows.

        Args:
            size: (height, width).

        Raises:
            ValueError: it is not.
        """
        self._check_grid([-(-side // self.backbone.pad_multiple) * self.backbone.pad_multiple // patch
                          for side, patch in zip(size, self.patch, strict=True)], size)

    def _check_grid(self, grid: Sequence[int], size: Sequence[int]) -> None:
        if any(side % self.windows for side in grid):
            raise ValueError(f'TaskPrompterTrunk: an image of {size[0]}x{size[1]} has {grid[0]}x{grid[1]} tokens, which '
                             f'cannot be split into {self.windows} windows per side; set pad_multiple='
                             f'{self.patch[0] * self.windows} of the backbone and a multiple of it as img_size, or change '
                             f'windows.')

    def _features(self, level: int, feature: Tensor, affinities: Affinities) -> Taps:
        """The taps ``<task>.scale{level}`` of one layer."""
        decoders, mixes = self.decoders[level], self.mixes[level]
        own = [decoders[task](feature, affinities.places[:, :, t], affinities.channels[:, t])
               for t, task in enumerate(self.tasks)]
        if self.cross_task:
            every = torch.stack(own, 1)
            own = [mixes[task](affinities.prompts[:, :, t], every) for t, task in enumerate(self.tasks)]
        return {f'{task}.scale{level}': value for task, value in zip(self.tasks, own, strict=True)}
