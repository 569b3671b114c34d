"""DeMT: one deformable mixer per task, then attention between the tasks."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import NECKS
from ..blocks.deformable import DeformableMixer
from ..net import Taps, TapSpec
from .concat import ConcatNeck
from .task_neck import check_tasks, conv_bn_relu


@NECKS.register_module()
class DeMTNeck(nn.Module):
    """Deformable mixer transformer: at each position, the tasks' features attend to each other, and each task attends to the
    result.

    All scales are concatenated (``shared``) and projected to 256 channels by a linear layer with layer norm. The mixer of a
    task (:class:`~mtkd.models.blocks.deformable.DeformableMixer`) computes ``<task>.own``; these are fused by self-attention
    among the T tokens of a position (4 heads, linear, layer norm); the feature of each task attends to the T fused tokens,
    and the result is added to it (linear, layer norm); a 3x3 convolution with norm and ReLU reduces it to an eighth of the
    width of the concatenation, ``<task>.in``, which :class:`~mtkd.models.heads.LogitsHead` reads.

    With four tasks neck and heads have 2.887 M parameters on HRNet18, 4.550 M on Swin-T and Swin-S (fact sheet 7).

    Source: Xu et al. 2023, fact sheet 4.3 and 5.4. The released code passes batch-first tensors to a sequence-first
    attention, so that samples of a batch mix. Here attention runs over the tasks of a position, which is cheap, or with
    ``attention='full'`` over all positions of a sample, which the fact sheet considers the intent of the paper. Offsets
    depend only on the feature.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        channels: width of the tokens.
        heads: number of heads of every attention layer.
        out_width: width of ``<task>.in``; None: an eighth of the concatenation.
        lateral_channels: see :class:`~mtkd.models.necks.ConcatNeck`.
        faithful_to_release: the released behaviour: fusion attends over the samples of a batch, a query over the samples and
            tasks, and offsets depend on the position in the image. Outputs of a sample then depend on the others.
        attention: ``'place'``: separately at each position, its T tokens attend to each other and each task attends to them;
            ``'full'``: the tokens of all tasks and positions of a sample attend to each other, and every position of a task
            attends to all of them. Both have the same parameters.
        key_stride: for ``'full'``: keys and values are means over squares of this side; otherwise the cost would be
            quadratic in the number of positions.

    Attributes:
        tap_specs: channels and stride of every tap it makes.

    Raises:
        ValueError: fewer than two tasks, ``heads`` does not divide ``channels``, the output width is 0, or an ``attention``
            that is unknown or not the released one.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 256, heads: int = 4, out_width: int | None = None, lateral_channels: int | None = None,
                 faithful_to_release: bool = False, attention: Literal['place', 'full'] = 'place',
                 key_stride: int = 8) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        _check_attention(attention, key_stride, faithful_to_release)
        self.concat = ConcatNeck(in_channels, strides, lateral_channels)
        wide, stride = self.concat.out_channels, self.concat.stride
        narrow = out_width or wide // 8
        if channels % heads or not narrow:
            raise ValueError(f'DeMTNeck: channels={channels}, heads={heads}, {wide} concatenated channels; channels must be '
                             f'divisible by heads, and there must be 8 or more concatenated channels, unless out_width is '
                             f'given.')
        self.across_batch, self.full, self.key_stride = faithful_to_release, attention == 'full', key_stride
        self.embed = nn.Sequential(nn.Linear(wide, channels), nn.LayerNorm(channels))
        self.mixers = nn.ModuleDict({task: DeformableMixer(channels, faithful_to_release) for task in self.tasks})
        self.fusion = nn.MultiheadAttention(channels, heads)
        self.fused = nn.Sequential(nn.Linear(channels, channels), nn.LayerNorm(channels))
        self.ask = nn.ModuleDict({task: nn.MultiheadAttention(channels, heads) for task in self.tasks})
        self.answer = nn.ModuleDict({task: nn.Sequential(nn.Linear(channels, channels), nn.LayerNorm(channels))
                                     for task in self.tasks})
        self.narrow = nn.ModuleDict({task: conv_bn_relu(channels, narrow, 3) for task in self.tasks})
        self.tap_specs = {'shared': TapSpec(wide, stride)}
        for task in self.tasks:
            self.tap_specs[f'{task}.own'] = TapSpec(channels, stride)
            self.tap_specs[f'{task}.in'] = TapSpec(narrow, stride)

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        shared = self.concat(features)
        embedded = self.embed(shared.movedim(1, -1)).movedim(-1, 1)
        own = {task: mixer(embedded) for task, mixer in self.mixers.items()}
        asked = self._exchange([own[task] for task in self.tasks])
        return {'shared': shared, **{f'{task}.own': value for task, value in own.items()},
                **{f'{task}.in': self.narrow[task](value) for task, value in zip(self.tasks, asked, strict=True)}}

    def _exchange(self, own: Sequence[Tensor]) -> list[Tensor]:
        """T (B, C, h, w) -> T of the same. Attention runs over the first axis of (L, N, C)."""
        batch, _, height, width = own[0].shape
        tokens = torch.stack([feature.flatten(2).transpose(1, 2) for feature in own])  # (T, B, hw, C)
        if self.across_batch:
            together = tokens.transpose(0, 1).flatten(1, 2)  # (B, T hw, C): samples attend to samples
            fused = self.fused(_attended(self.fusion, together, together))
            memory = fused.unflatten(1, (len(own), -1)).flatten(0, 1)  # (B T, hw, C)
            queries = list(tokens)  # T (B, hw, C)
        elif self.full:
            few = torch.cat([self._pooled(feature).flatten(2).permute(2, 0, 1) for feature in own])  # (T h'w', B, C)
            memory = self.fused(_attended(self.fusion, few, few, many=True))
            queries = list(tokens.transpose(1, 2))  # T (hw, B, C): positions attend to positions
        else:
            together = tokens.flatten(1, 2)  # (T, B hw, C): the tasks of a position
            memory = self.fused(_attended(self.fusion, together, together))
            queries = list(together.unsqueeze(1))  # T (1, B hw, C)
        asked = []
        for task, query in zip(self.tasks, queries, strict=True):
            answered = query + self.answer[task](_attended(self.ask[task], query, memory, self.full))
            samples = answered.transpose(0, 1) if self.full else answered
            asked.append(samples.reshape(batch, height, width, -1).movedim(-1, 1))
        return asked

    def _pooled(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h', w'), means of squares, which may be cut at the right and bottom."""
        return F.avg_pool2d(feature, self.key_stride, ceil_mode=True, count_include_pad=False)


def _check_attention(attention: str, key_stride: int, faithful_to_release: bool) -> None:
    if attention not in ('place', 'full') or key_stride < 1:
        raise ValueError(f"DeMTNeck: attention='{attention}', key_stride={key_stride}; choose 'place' or 'full', and a "
                         'stride of 1 or more.')
    if attention == 'full' and faithful_to_release:
        raise ValueError("DeMTNeck: attention='full' is not in the released code; give either this or faithful_to_release.")


def _attended(attention: nn.MultiheadAttention, query: Tensor, memory: Tensor, many: bool = False) -> Tensor:
    """(L, N, C) and (S, N, C) -> (L, N, C), by a fused kernel if there are many keys."""
    if many:
        return attention(query, memory, memory, need_weights=False)[0]
    # need_weights selects plain matrix products: fused kernels limit N, here all positions of a batch
    return attention(query, memory, memory, need_weights=True, average_attn_weights=False)[0]
