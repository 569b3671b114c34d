"""MTMamba: a decoder of selective scans within and across tasks."""

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import StochasticDepth

from ...registry import NECKS
from ..blocks.selective_scan import ScanLayer
from ..net import Taps, TapSpec
from .concat import ConcatNeck
from .task_neck import check_tasks


class PatchExpand(nn.Module):
    """Upsamples a map by ``scale``: a linear layer computes the channels of the finer positions; layer norm.

    Args:
        in_channels: number of input channels.
        out_channels: number of output channels.
        scale: upsampling factor.
    """

    def __init__(self, in_channels: int, out_channels: int, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.widen = nn.Linear(in_channels, scale ** 2 * out_channels, bias=False)
        self.norm = nn.LayerNorm(out_channels)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, h, w, in_channels) -> (B, scale h, scale w, out_channels)."""
        wide = self.widen(feature).unflatten(-1, (self.scale, self.scale, -1))  # (B, h, w, rows, columns, C)
        return self.norm(wide.transpose(2, 3).flatten(3, 4).flatten(1, 2))


class SelfTaskBlock(nn.Module):
    """x + linear(scan(norm(x)) * SiLU(linear(norm(x)))), separately for each task.

    Args:
        channels: number of channels of the feature.
        inner: number of scanned channels.
        states: see :class:`~mtkd.models.blocks.selective_scan.Scan2D`.
        rank: see :class:`~mtkd.models.blocks.selective_scan.Scan2D`.
        drop_path: probability that a sample skips the branch.
    """

    def __init__(self, channels: int, inner: int, states: int, rank: int, drop_path: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.layer = ScanLayer(channels, inner, states, rank)
        self.gate = nn.Linear(channels, inner, bias=False)
        self.narrow = nn.Linear(inner, channels, bias=False)
        self.skip = StochasticDepth(drop_path, 'row')

    def forward(self, feature: Tensor) -> Tensor:
        """(B, h, w, C) -> the same."""
        normed = self.norm(feature)
        return feature + self.skip(self.narrow(self.layer(normed) * F.silu(self.gate(normed))))


class CrossTaskBlock(nn.Module):
    """x_t + linear(g s + (1 - g) s_t): gated mixture of a scan s of all tasks' features and a scan s_t of the task's
    feature.

    g = sigmoid(linear(norm(x_t))); the input of s is the concatenation of all tasks.

    Args:
        tasks: the task names.
        channels: number of channels of a task's feature.
        inner: number of scanned channels.
        states: see :class:`~mtkd.models.blocks.selective_scan.Scan2D`.
        rank: see :class:`~mtkd.models.blocks.selective_scan.Scan2D`.
        drop_path: probability that a sample skips the branch.
    """

    def __init__(self, tasks: Sequence[str], channels: int, inner: int, states: int, rank: int, drop_path: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(len(tasks) * channels)
        self.layer = ScanLayer(len(tasks) * channels, inner, states, rank)
        self.own_norm = nn.ModuleDict({task: nn.LayerNorm(channels) for task in tasks})
        self.own_layer = nn.ModuleDict({task: ScanLayer(channels, inner, states, rank) for task in tasks})
        self.gate = nn.ModuleDict({task: nn.Linear(channels, inner, bias=False) for task in tasks})
        self.narrow = nn.ModuleDict({task: nn.Linear(inner, channels, bias=False) for task in tasks})
        self.skip = StochasticDepth(drop_path, 'row')

    def forward(self, own: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Task -> (B, h, w, C), before to after."""
        common = self.layer(self.norm(torch.cat(list(own.values()), -1)))
        fused = {}
        for task, feature in own.items():
            normed = self.own_norm[task](feature)
            gate = self.gate[task](normed).sigmoid()
            mixed = gate * common + (1 - gate) * self.own_layer[task](normed)
            fused[task] = feature + self.skip(self.narrow[task](mixed))
        return fused


class MambaStage(nn.Module):
    """A stage of the decoder: upsampling of the tasks' maps, fusion with the trunk's map, two task-specific blocks and one
    cross-task block.

    Args:
        tasks: the task names.
        in_channels: number of channels of the tasks' input maps.
        channels: number of channels of the trunk's map and of the output.
        ratio: ratio of inner channels to ``channels``.
        states: see :class:`~mtkd.models.blocks.selective_scan.Scan2D`.
        drop_path: drop path rate of the three blocks.
    """

    def __init__(self, tasks: Sequence[str], in_channels: int, channels: int, ratio: int, states: int,
                 drop_path: Sequence[float]) -> None:
        super().__init__()
        inner, rank = ratio * channels, math.ceil(channels / 16)
        self.expand = nn.ModuleDict({task: PatchExpand(in_channels, in_channels // 2, 2) for task in tasks})
        self.join = nn.ModuleDict({task: nn.Linear(in_channels // 2 + channels, channels) for task in tasks})
        self.own = nn.ModuleDict({task: nn.Sequential(*(SelfTaskBlock(channels, inner, states, rank, rate)
                                                        for rate in drop_path[:2])) for task in tasks})
        self.across = CrossTaskBlock(tasks, channels, inner, states, rank, drop_path[2])

    def forward(self, maps: Mapping[str, Tensor], trunk: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Task -> (B, h, w, in_channels), and (B, 2 h, 2 w, channels) -> each task's map before and after the exchange."""
        height, width = trunk.shape[1:3]  # may be odd: one row or column less than twice the coarse map's
        finer = {task: self.expand[task](feature)[:, :height, :width] for task, feature in maps.items()}
        own = {task: self.own[task](self.join[task](torch.cat((feature, trunk), -1))) for task, feature in finer.items()}
        return own, self.across(own)


@NECKS.register_module()
class MTMambaNeck(nn.Module):
    """MTMamba's decoder: three blocks of selective scans per stage, from the coarsest to the finest scale.

    Every stage upsamples each task's map by 2 (:class:`PatchExpand`), fuses it with the trunk's map of that scale, and runs
    two :class:`SelfTaskBlock`, and one :class:`CrossTaskBlock` for all tasks. ``<task>.own`` is the last stage's map before
    its exchange; ``<task>.in`` the one after it, upsampled by ``expand``, which :class:`~mtkd.models.heads.LogitsHead`
    reads. ``shared`` is all scales concatenated, as in the other networks; it is not used here.

    The scan is pure PyTorch (:mod:`mtkd.models.blocks.selective_scan`), not the authors' CUDA kernel: it runs on any device,
    but more slowly.

    Source: Lin et al. 2024 (MTMamba); outputs and gradients are those of EnVision-Research/MTMamba (a0b4f0b), ``MTMamba``,
    with its weights. Difference: widths of the trunk need not double from scale to scale, and sizes may be odd.

    Args:
        in_channels: channels of each scale.
        strides: stride of each scale.
        out_channels: task -> channels of its output; given by the network.
        states: N, the number of states per channel.
        ratio: ratio of scanned channels to those of a stage.
        drop_path: drop path rate of the first block; it decreases to 0 at the last.
        expand: upsampling factor of the heads' predictions relative to the finest scale; the result may be slightly larger
            than the image.
        lateral_channels: when given, a 1x1 convolution first projects every scale to this width (an addition for small
            budgets; None as in the paper).

    Attributes:
        tap_specs: channels and stride of every tap it makes.

    Raises:
        ValueError: fewer than two tasks or two scales, strides that do not double from scale to scale, numbers that are not
            positive, a scale of one channel, or an ``expand`` that does not divide the finest stride.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int], states: int = 16,
                 ratio: int = 2, drop_path: float = 0.2, expand: int = 4, lateral_channels: int | None = None) -> None:
        super().__init__()
        self.tasks = check_tasks(self, out_channels)
        if len(strides) < 2 or any(2 * fine != coarse for fine, coarse in itertools.pairwise(strides)):
            raise ValueError(f'MTMambaNeck: the trunk has the strides {list(strides)}; it needs two or more scales, finest '
                             f'first, each with half the stride of the next: set model.net.backbone.out_indices.')
        if min(states, ratio, expand) < 1 or strides[0] % expand or min(lateral_channels or 2, *in_channels) < 2:
            raise ValueError(f'MTMambaNeck: states={states}, ratio={ratio}, expand={expand}, {list(in_channels)} channels '
                             f'at strides {list(strides)}; the first three must be 1 or more, expand must divide the finest '
                             f'stride, and every scale needs 2 or more channels.')
        self.laterals = nn.ModuleList(nn.Conv2d(c, lateral_channels, 1) for c in in_channels) if lateral_channels else None
        channels = [lateral_channels] * len(in_channels) if lateral_channels else list(in_channels)
        self.concat = ConcatNeck(channels, strides)
        rates = torch.linspace(drop_path, 0, 3 * (len(channels) - 1), device='cpu').tolist()
        self.stages = nn.ModuleList(
            MambaStage(self.tasks, coarse, fine, ratio, states, rates[3 * i:3 * i + 3])
            for i, (coarse, fine) in enumerate(itertools.pairwise(channels[::-1])))
        self.expand = nn.ModuleDict({task: PatchExpand(channels[0], channels[0], expand) for task in self.tasks})
        self.factor = expand
        self.tap_specs = {'shared': TapSpec(self.concat.out_channels, strides[0])}
        for task in self.tasks:
            self.tap_specs[f'{task}.own'] = TapSpec(channels[0], strides[0])
            self.tap_specs[f'{task}.in'] = TapSpec(channels[0], strides[0] // expand)

    def forward(self, features: list[Tensor]) -> Taps:
        """List of (B, C_i, h_i, w_i), finest first -> every tap of :attr:`tap_specs`."""
        if self.laterals is not None:
            features = [lateral(feature) for lateral, feature in zip(self.laterals, features, strict=True)]
        places = [feature.movedim(1, -1) for feature in features]
        maps = own = dict.fromkeys(self.tasks, places[-1])
        for stage, trunk in zip(self.stages, places[-2::-1], strict=True):
            own, maps = stage(maps, trunk)
        taps: Taps = {'shared': self.concat(features)}
        for task in self.tasks:
            taps[f'{task}.own'] = own[task].movedim(-1, 1)
            taps[f'{task}.in'] = self.expand[task](maps[task]).movedim(-1, 1)
        return taps
