"""What ATRC and the search for its genotype share: features per task, regions, and the way contexts are joined to them."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..blocks.context import Context, GlobalContext, LocalContext, RegionContext
from ..genotype import KINDS
from ..net import Taps, TapSpec
from .task_neck import TaskNeck, conv_bn_relu

REGIONS = {'depth': 40, 'normals': 40, 'edge': 2}  # as many regions as classes for every other task


class ContextNeck(TaskNeck):
    """Each task's feature joined with contexts of all tasks' features; subclasses say in :meth:`taken` which.

    A task's feature F_t is concatenated with a projection of what it takes and reduced to ``channels`` by a 1x1
    convolution with norm and ReLU; the projection's norm begins at zero. Regions are predicted, as ``<task>.aux``, from the
    shared feature, without passing gradients on to it; they are the predictions' softmax over places.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see there.
        out_channels: see there.
        channels: width of a task's feature.
        lateral_channels: see there.
        context_channels: width of queries, keys and values; None: half of ``channels``.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 67, lateral_channels: int | None = None, context_channels: int | None = None) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels)
        self.context_channels = context_channels or channels // 2

    def make_context(self, kind: int) -> Context:
        """A context of one of the kinds but ``none``."""
        made = {'global': GlobalContext, 'local': LocalContext}.get(KINDS[kind], RegionContext)
        return made(self.channels, self.context_channels)

    def add_joints(self, contexts: Mapping[str, int]) -> None:
        """Build what joins contexts to features: task -> how many (B, context_channels, h, w) it takes."""
        self.project, self.merge = nn.ModuleDict(), nn.ModuleDict()
        for task, count in contexts.items():
            if count:
                norm = nn.BatchNorm2d(self.channels)
                nn.init.zeros_(norm.weight)
                self.project[task] = nn.Sequential(nn.Conv2d(self.context_channels * count, self.channels, 1, bias=False),
                                                   norm)
            self.merge[task] = conv_bn_relu(self.channels * (2 if count else 1), self.channels)

    def add_regions(self, tasks: Collection[str], out_channels: Mapping[str, int],
                    regions: Mapping[str, int] | None) -> None:
        """Build the predictions of regions of ``tasks``.

        Args:
            tasks: whose regions are looked at.
            out_channels: task -> its classes.
            regions: task -> number of its regions where it is not the usual one.
        """
        wide, stride = self.concat.out_channels, self.concat.stride
        counts = {**out_channels, **{task: k for task, k in REGIONS.items() if task in out_channels}, **(regions or {})}
        for task in tasks:
            self.aux[task] = nn.Sequential(conv_bn_relu(wide, wide), nn.Conv2d(wide, counts[task], 1))
            self.tap_specs[f'{task}.aux'] = TapSpec(counts[task], stride)

    def taken(self, own: Mapping[str, Tensor], regions: Mapping[str, Tensor]) -> dict[str, list[Tensor]]:
        """What each task takes.

        Args:
            own: task -> (B, channels, h, w).
            regions: task -> (B, K, h w), K distributions over places.

        Returns:
            Task -> as many (B, context_channels, h, w) as :meth:`add_joints` was told.
        """
        raise TypeError(f'{type(self).__name__} takes nothing')

    def forward(self, features: list[Tensor]) -> Taps:
        """See :class:`TaskNeck`."""
        shared = self.concat(features)
        own = {task: make(shared) for task, make in self.own.items()}
        aux = {task: predict(shared.detach()) for task, predict in self.aux.items()}
        taken = self.taken(own, {task: value.float().flatten(2).softmax(2) for task, value in aux.items()})
        return {'shared': shared, **{f'{task}.own': value for task, value in own.items()},
                **{f'{task}.in': self._joined(task, own[task], taken[task]) for task in self.tasks},
                **{f'{task}.aux': value for task, value in aux.items()}}

    def _joined(self, task: str, own: Tensor, taken: list[Tensor]) -> Tensor:
        if not taken:
            return self.merge[task](own)
        return self.merge[task](torch.cat((own, self.project[task](torch.cat(taken, 1))), 1))


def regions_of(kind: int, target: str, source: str) -> str:
    """The task whose regions a context of this kind looks at; what it names for other kinds is not looked at."""
    return target if KINDS[kind] == 'target_regions' else source
