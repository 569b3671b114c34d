"""Base class of ATRC and its genotype search: task features, regions, and the joining of contexts."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..blocks.context import Context, GlobalContext, LocalContext, RegionContext
from ..genotype import KINDS
from ..net import Taps, TapSpec
from .task_neck import TaskNeck, conv_bn_relu

REGIONS = {'depth': 40, 'normals': 40, 'edge': 2}  # as many regions as classes for every other task


class ContextNeck(TaskNeck):
    """Joins the feature of each task with contexts of all tasks' features; subclasses compute these in :meth:`taken`.

    A task's feature F_t is concatenated with a projection of its contexts and reduced to ``channels`` by a 1x1 convolution
    with norm and ReLU; the projection's norm is initialised to zero. Regions are predicted, as ``<task>.aux``, from the
    detached shared feature; they are the softmax of the predictions over positions.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        out_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        channels: width of a task's feature.
        lateral_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        context_channels: width of queries, keys and values; None: half of ``channels``.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 67, lateral_channels: int | None = None, context_channels: int | None = None) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels)
        self.context_channels = context_channels or channels // 2

    def make_context(self, kind: int) -> Context:
        """Build a context of any kind except ``none``."""
        made = {'global': GlobalContext, 'local': LocalContext}.get(KINDS[kind], RegionContext)
        return made(self.channels, self.context_channels)

    def add_joints(self, contexts: Mapping[str, int]) -> None:
        """Build the joining layers: task -> its number of contexts (B, context_channels, h, w)."""
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
        """Build the layers that predict the regions of ``tasks``.

        Args:
            tasks: the tasks whose regions are used.
            out_channels: task -> number of its classes.
            regions: task -> number of its regions, if not the default.
        """
        wide, stride = self.concat.out_channels, self.concat.stride
        counts = {**out_channels, **{task: k for task, k in REGIONS.items() if task in out_channels}, **(regions or {})}
        for task in tasks:
            self.aux[task] = nn.Sequential(conv_bn_relu(wide, wide), nn.Conv2d(wide, counts[task], 1))
            self.tap_specs[f'{task}.aux'] = TapSpec(counts[task], stride)

    def taken(self, own: Mapping[str, Tensor], regions: Mapping[str, Tensor]) -> dict[str, list[Tensor]]:
        """Compute the contexts of each task.

        Args:
            own: task -> (B, channels, h, w).
            regions: task -> (B, K, h w), K distributions over positions.

        Returns:
            Task -> the number of (B, context_channels, h, w) given to :meth:`add_joints`.
        """
        raise TypeError(f'{type(self).__name__} does not implement taken')

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
    """The task whose regions a context of this kind uses; irrelevant for other kinds."""
    return target if KINDS[kind] == 'target_regions' else source
