"""InvPT: attention over the positions of all tasks, on a finer grid at each stage."""

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import NECKS
from ..blocks.message_attention import MessageBlock, resized
from ..net import Taps, TapSpec
from .concat import ConcatNeck
from .task_neck import check_tasks, conv_bn_relu

STAGES = 3


class UpEmbed(nn.Module):
    """A task's map on a finer grid: resized, two 3x3 convolutions of dilation 2 with norm and ReLU, plus the trunk's map.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.refine = nn.Sequential(*(part for c in (in_channels, out_channels) for part in (
            nn.Conv2d(c, out_channels, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU(True))))

    def forward(self, own: Tensor, trunk: Tensor) -> Tensor:
        """(B, in_channels, h, w) of the task and (B, out_channels, h', w') of the trunk -> the shape of the latter."""
        return self.refine(resized(own, trunk.shape[-2:])) + trunk


class InvPTStage(nn.Module):
    """One stage of the decoder: upsampling of the tasks' maps, attention, and a contribution to the sum over stages.

    Args:
        tasks: number of tasks.
        width: width of the first stage; that of stage i is width / 2^i.
        index: i, from 0; the first stage does not upsample, has no message and returns its maps unchanged.
        embed: maps the trunk's map to the width and grid of this stage; None in the first.
        heads: number of heads of the attention.
        drop_path: see :class:`~mtkd.models.blocks.message_attention.MessageBlock`.
        faithful_to_release: see :class:`~mtkd.models.blocks.message_attention.MessageBlock`.
    """

    def __init__(self, tasks: int, width: int, index: int, embed: nn.Module | None, heads: int, drop_path: float,
                 faithful_to_release: bool) -> None:
        super().__init__()
        channels = width >> index
        self.embed = embed
        self.up = nn.ModuleList(UpEmbed(2 * channels, channels) for _ in range(tasks if index else 0))
        self.block = MessageBlock(tasks, channels, heads, 2 << index, index > 0, drop_path, faithful_to_release)
        self.norm = nn.LayerNorm(tasks * channels)
        self.widen = nn.ModuleList(nn.Conv2d(channels, width, 1) for _ in range(tasks if index else 0))

    def forward(self, maps: Tensor, trunk: Tensor, message: Tensor | None) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Run the stage.

        Args:
            maps: (B, T, 2 C, h, w) of the previous stage; for the first stage its own, (B, T, C, h, w).
            trunk: the trunk's map for this stage.
            message: scores of the previous stage.

        Returns:
            (B, T, C, h', w'), the message for the next stage, and T maps (B, width, h', w') for the sum.
        """
        if self.embed is not None:
            skip = self.embed(trunk)
            maps = torch.stack([up(own, skip) for up, own in zip(self.up, maps.unbind(1), strict=True)], 1)
        maps, message = self.block(maps, message)
        normed = self.norm(maps.flatten(1, 2).movedim(1, -1)).movedim(-1, 1)  # over all tasks' channels of a position
        given = list(normed.unflatten(1, maps.shape[1:3]).unbind(1))
        if len(self.widen):
            given = [widen(own) for widen, own in zip(self.widen, given, strict=True)]
        return maps, message, given


@NECKS.register_module()
class InvPTNeck(nn.Module):
    """Inverted pyramid transformer: attention over the positions of all tasks, on increasingly fine grids.

    On the coarsest grid every task has two 3x3 convolutions with norm and ReLU, ``<task>.own``, and a prediction,
    ``<task>.aux``, supervised by the loss of the task with its weight; both are projected to the decoder's width. Three
    stages follow, each with twice the grid and half the width of the previous one, which add the trunk's map of their grid
    and pass on their attention scores (:mod:`mtkd.models.blocks.message_attention`). Their outputs are summed on the finest
    grid and passed through a 3x3 convolution with norm and ReLU: ``<task>.in``, which :class:`~mtkd.models.heads.LogitsHead`
    reads. ``shared`` is all scales concatenated, as in the other networks; it is not used here.

    Two kinds of trunk:

    - four layers of one stride s (a plain ViT): grids of stride 2s, s and s / 2 from the last, second and first layer,
      summed at s / 4; the third layer is unused. This is the released form.
    - scales each of which has half the stride of the next (Swin, HRNet, MobileNet): grids are the three coarsest scales,
      summed at the finest. No configuration of it was released, so this form is *approximate* (:attr:`approximate`).

    With ViT-L/16, 512x512 and the five tasks of PASCAL-Context: 416.0 M parameters, 667 G multiply-accumulates. The released
    code has 422.9 M, of which 7 M are unused: a third embedding of the trunk, a last norm, a 1x1 convolution per task in the
    first stage, and biases that a norm or softmax cancels. These are not built here.

    Source: Ye and Xu 2022, fact sheet 4.3, 5.4. Difference: maps are resized to the trunk's sizes instead of by the factor
    2, so that images may have any size.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        channels: width of ``<task>.own``.
        width: width of the decoder's first stage and of ``<task>.in``.
        heads: number of heads of every attention layer.
        drop_path: probability that a sample skips a branch of a stage.
        lateral_channels: when given, a 1x1 convolution first projects each stage's map of the trunk to this width (an
            addition for small budgets and trunks with wide coarse scales; None as in the paper).
        faithful_to_release: no drop path, and scores divided by the root of the full width instead of the head width, as in
            the released code (fact sheet 5.4).

    Attributes:
        tap_specs: channels and stride of every tap it makes.
        approximate: whether the layers of the trunk have different strides.

    Raises:
        ValueError: fewer than two tasks, unsupported scales, or widths that are not divisible by the stages or heads.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 512, width: int = 576, heads: int = 2, drop_path: float = 0.15,
                 lateral_channels: int | None = None, faithful_to_release: bool = False) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        self.one_stride = _of_one_stride(strides)
        self.approximate = not self.one_stride
        if channels < 1 or heads < 1 or width < 1 or width % (heads << STAGES - 1):
            raise ValueError(f'InvPTNeck: channels={channels}, width={width}, heads={heads}; all must be 1 or more, and the '
                             f'width of the last stage, {width} / {1 << STAGES - 1}, must be divisible by heads.')
        skipped = 1 if self.one_stride else 0
        self.places = [-1, *(-i - 1 - skipped for i in range(1, STAGES))]  # of each stage's map among the trunk's
        self.laterals = nn.ModuleList(nn.Conv2d(in_channels[place], lateral_channels, 1)
                                      for place in self.places) if lateral_channels else None
        scales = [lateral_channels] * len(in_channels) if lateral_channels else list(in_channels)
        self.concat = ConcatNeck(in_channels, strides)
        self.own = nn.ModuleDict({task: nn.Sequential(conv_bn_relu(scales[-1], scales[-1], 3),
                                                      conv_bn_relu(scales[-1], channels, 3)) for task in self.tasks})
        self.aux = nn.ModuleDict({task: nn.Conv2d(channels, wanted, 1) for task, wanted in out_channels.items()})
        self.mix = nn.ModuleDict({task: nn.Conv2d(channels + wanted, width, 1) for task, wanted in out_channels.items()})
        self.stages = nn.ModuleList(
            InvPTStage(len(self.tasks), width, i, self._embed(scales[place], width >> i, i), heads, drop_path,
                       faithful_to_release) for i, place in enumerate(self.places))
        self.merge = nn.ModuleDict({task: conv_bn_relu(width, width, 3) for task in self.tasks})
        for merge in self.merge.values():
            nn.init.trunc_normal_(merge[0].weight, std=0.02)
        coarse, fine = (2 * strides[-1], strides[-1] // 4) if self.one_stride else (strides[-1], strides[0])
        self.tap_specs = {'shared': TapSpec(self.concat.out_channels, strides[0])}
        for task, wanted in out_channels.items():
            self.tap_specs.update({f'{task}.own': TapSpec(channels, coarse), f'{task}.aux': TapSpec(wanted, coarse),
                                   f'{task}.in': TapSpec(width, fine)})

    def _embed(self, in_channels: int, out_channels: int, index: int) -> nn.Module | None:
        """Layers that project the trunk's map to a stage's width and, for maps of one stride, resize it."""
        if index == 0:
            return None
        if self.one_stride and index == 2:
            return nn.ConvTranspose2d(in_channels, out_channels, 3, stride=2, padding=1, output_padding=1)
        return nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        looked_at = [features[place] for place in self.places]
        if self.laterals is not None:
            looked_at = [lateral(feature) for lateral, feature in zip(self.laterals, looked_at, strict=True)]
        start, finest = looked_at[0], features[0].shape[-2:]
        if self.one_stride:
            start = resized(start, [-(-side // 2) for side in finest])
            finest = torch.Size(4 * side for side in finest)
        own = {task: make(start) for task, make in self.own.items()}
        aux = {task: predict(own[task]) for task, predict in self.aux.items()}
        maps = torch.stack([mix(torch.cat((own[task], aux[task]), 1)) for task, mix in self.mix.items()], 1)
        message: Tensor | None = None
        shares: list[list[Tensor]] = []  # per stage, per task
        for stage, trunk in zip(self.stages, looked_at, strict=True):
            maps, message, given = stage(maps, trunk, message)
            shares.append(given)
        taps: Taps = {'shared': self.concat(features)}
        for task, given in zip(self.tasks, zip(*shares, strict=True), strict=True):
            first, *finer = (resized(share, finest) for share in given)
            taps[f'{task}.own'], taps[f'{task}.aux'] = own[task], aux[task]
            taps[f'{task}.in'] = self.merge[task](sum(finer, first))
        return taps


def _of_one_stride(strides: Sequence[int]) -> bool:
    """Whether all layers of the trunk have the same stride.

    Raises:
        ValueError: the strides are equal, but of too few layers or not divisible by 4; or the last three do not double.
    """
    last = strides[-1]
    if len(set(strides)) == 1 and len(strides) > STAGES and last > 0 and last % 4 == 0:
        return True
    ordered = len(strides) >= STAGES and all(fine < coarse for fine, coarse in itertools.pairwise(strides))
    if ordered and all(2 * fine == coarse for fine, coarse in itertools.pairwise(strides[-STAGES:])):
        return False
    raise ValueError(f'InvPTNeck: the trunk has the strides {list(strides)}; its stages need three or more scales, finest '
                     f'first, whose last three strides double (8, 16, 32), or four or more layers of one stride that is '
                     f'divisible by 4 (16, 16, 16, 16): set model.net.backbone.out_indices.')
