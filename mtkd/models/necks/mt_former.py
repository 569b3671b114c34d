"""MTFormer: shared Swin blocks, task-specific Swin blocks, then attention across tasks."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import NECKS
from ..blocks.window_attention import SwinStage, WindowAttention, Windows, two_layers
from ..net import Taps, TapSpec
from .concat import ConcatNeck
from .task_neck import check_tasks


class CrossTaskBlock(nn.Module):
    """The values of a task, weighted by the attention of each task and merged, followed by a feed-forward network.

    One window attention serves all tasks: queries and keys come from task s, values from the task of the block. Two layers
    project the result of the task's own queries to C channels and each of the T - 1 others to C / (T - 1). All are
    concatenated and merged to C by two layers, and the result of the task's own queries is added. Hidden layers have width T
    C.

    Args:
        channels: C, the number of channels of a task's feature.
        heads: number of heads of the attention.
        side: side of a window.
        shifted: see :class:`~mtkd.models.blocks.window_attention.Windows`.
        tasks: T.
        scale: see :class:`~mtkd.models.blocks.window_attention.WindowAttention`.
    """

    def __init__(self, channels: int, heads: int, side: int, shifted: bool, tasks: int, scale: float | None = None) -> None:
        super().__init__()
        hidden, part = tasks * channels, channels // (tasks - 1)
        self.windows = Windows(side, shifted)
        self.norm = nn.LayerNorm(channels)
        self.attend = WindowAttention(channels, heads, side, scale)
        self.reduce = nn.ModuleList([two_layers(channels, hidden, channels),
                                     *(two_layers(channels, hidden, part) for _ in range(tasks - 1))])
        self.merge = two_layers(channels + (tasks - 1) * part, hidden, channels)
        self.think = nn.Sequential(nn.LayerNorm(channels), two_layers(channels, 4 * channels, channels))

    def forward(self, own: Tensor, others: Sequence[Tensor]) -> Tensor:
        """(B, h, w, C) and T - 1 of the same -> (B, h, w, C)."""
        height, width = own.shape[1:3]
        apart = self.windows.apart(height, width, own.device)
        tokens = [self.windows.split(self.norm(feature)) for feature in (own, *others)]
        answers = [self.attend(asking, tokens[0], apart) for asking in tokens]
        reduced = [reduce(answer) for reduce, answer in zip(self.reduce, answers, strict=True)]
        merged = self.merge(torch.cat(reduced, -1)) + answers[0]
        own = own + self.windows.join(merged, height, width)
        return own + self.think(own)


class CrossTaskStage(nn.Module):
    """Cross-task blocks, every second one shifted, and a layer norm; the other tasks' features are not updated.

    Args:
        channels: number of channels of a task's feature.
        heads: number of heads of every attention.
        side: side of a window.
        depth: number of blocks.
        tasks: T.
        scale: see :class:`~mtkd.models.blocks.window_attention.WindowAttention`.
    """

    def __init__(self, channels: int, heads: int, side: int, depth: int, tasks: int, scale: float | None = None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(CrossTaskBlock(channels, heads, side, block % 2 == 1, tasks, scale)
                                    for block in range(depth))
        self.norm = nn.LayerNorm(channels)

    def forward(self, own: Tensor, others: Sequence[Tensor]) -> Tensor:
        """(B, h, w, C) and T - 1 of the same -> (B, h, w, C)."""
        for block in self.blocks:
            own = block(own, others)
        return self.norm(own)


@NECKS.register_module()
class MTFormerNeck(nn.Module):
    """MTFormer's decoder: two shared Swin blocks, two per task, and two cross-task blocks per task.

    All scales are concatenated (``shared``) and projected to 256 channels by a 1x1 convolution. A stage of two Swin blocks
    (:class:`~mtkd.models.blocks.window_attention.SwinStage`) is shared by all tasks; one stage per task then computes
    ``<task>.own``; a :class:`CrossTaskStage` per task computes ``<task>.in``. The release reads strides 8, 16 and 32 of a
    Swin-S, so that its features have stride 8; its heads are a 1x1 convolution, norm, ReLU and logits, as in
    :class:`~mtkd.models.heads.PointwiseHead`. The contrastive term is :class:`~mtkd.distill.task_contrast.TaskContrast`.

    Source: Xu et al. 2022, section 3, and the authors' release, which has networks of two and of three tasks; fact sheet
    4.3. With two tasks on Swin-S the neck has 11.930 M parameters, as many as the released one uses. KDAM's 64.03 M are the
    sum of these, Swin-S, the released heads, and 3.148 M of three patch embeddings that the release builds but never uses
    and that are not built here. With four tasks, the widths follow the rule for two and three; there is no published count
    to compare with: *approximate*. Weights have PyTorch's default initialisation, as in the release. Outputs and gradients
    are those of the release (xiaogang00/MTFormer, 22b3108) with its weights: its three-task network with the defaults, its
    two-task network with ``faithful_to_release``.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        channels: width of the tokens.
        heads: number of heads of every attention layer.
        window: side of a window in positions of the finest scale; maps are padded to a multiple of it.
        depth: number of blocks of every stage.
        lateral_channels: see :class:`~mtkd.models.necks.ConcatNeck`.
        faithful_to_release: with two tasks, divide the scores of the attention across tasks by the root of 2 C / heads, as
            the released two-task network does. The paper and the released three-task network divide by the root of the head
            width, C / heads, which is the default here.

    Attributes:
        tap_specs: channels and stride of every tap it makes.
        approximate: whether there are more than three tasks, for which there is no released network.

    Raises:
        ValueError: fewer than two tasks, ``heads`` does not divide ``channels``, fewer channels than other tasks, a window
            of less than 2 positions, or no block.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 256, heads: int = 4, window: int = 7, depth: int = 2,
                 lateral_channels: int | None = None, faithful_to_release: bool = False) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        self.approximate = len(self.tasks) > 3
        if channels % heads or channels < len(self.tasks) - 1 or window < 2 or depth < 1:
            raise ValueError(f'MTFormerNeck: channels={channels}, heads={heads}, window={window}, depth={depth}, '
                             f'{len(self.tasks)} tasks; channels must be divisible by heads and at least '
                             f'{len(self.tasks) - 1}, window at least 2, and depth at least 1.')
        self.concat = ConcatNeck(in_channels, strides, lateral_channels)
        wide, stride = self.concat.out_channels, self.concat.stride
        self.embed = nn.Conv2d(wide, channels, 1)
        self.common = SwinStage(channels, heads, window, depth)
        self.own = nn.ModuleDict({task: SwinStage(channels, heads, window, depth) for task in self.tasks})
        scale = (2 * channels // heads) ** -0.5 if faithful_to_release and len(self.tasks) == 2 else None
        self.cross = nn.ModuleDict({task: CrossTaskStage(channels, heads, window, depth, len(self.tasks), scale)
                                    for task in self.tasks})
        self.tap_specs = {'shared': TapSpec(wide, stride)}
        for task in self.tasks:
            self.tap_specs[f'{task}.own'] = self.tap_specs[f'{task}.in'] = TapSpec(channels, stride)

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        shared = self.concat(features)
        common = self.common(self.embed(shared).movedim(1, -1))
        own = {task: stage(common) for task, stage in self.own.items()}
        looked = {task: stage(own[task], [own[other] for other in self.tasks if other != task])
                  for task, stage in self.cross.items()}
        return {'shared': shared, **{f'{task}.own': value.movedim(-1, 1) for task, value in own.items()},
                **{f'{task}.in': value.movedim(-1, 1) for task, value in looked.items()}}
