"""ATRC: for every pair of tasks, the kind of context that a search found."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from ...registry import NECKS
from ..context import Context, GlobalContext, LocalContext, RegionContext
from ..net import Taps, TapSpec
from .task_neck import TaskNeck, conv_bn_relu

Genotype = Mapping[str, Mapping[str, int]]
KINDS = ('none', 'global', 'local', 'target_regions', 'source_regions')  # the published codes 0 to 4


def _genotype(tasks: str, *rows: str) -> Genotype:
    names = tasks.split()
    return {target: dict(zip(names, map(int, row), strict=True)) for target, row in zip(names, rows, strict=True)}


GENOTYPES: dict[str, Genotype] = {  # target -> source -> kind; fact sheet 4.3
    'nyud_hrnet18': _genotype('semseg depth normals edge', '3344', '4344', '4334', '3313'),
    'pascal_hrnet18': _genotype('semseg human_parts sal normals edge', '33404', '33434', '33343', '33334', '33313')}
REGIONS = {'depth': 40, 'normals': 40, 'edge': 2}  # as many regions as classes for every other task


@NECKS.register_module()
class ATRCNeck(TaskNeck):
    """Adaptive task-relational context: each task attends to each task in the way its genotype names.

    A task's feature F_t is concatenated with a projection of what it takes from all tasks, itself included, and reduced to
    67 channels by a 1x1 convolution with norm and ReLU. The projection's norm begins at zero, so training starts from the
    baseline. Kinds: global linear attention; local attention over 9x9 places; attention over the mean source features of
    regions, that is of places where the target, or the source, predicts a class (log bins of depth, directions of normals),
    a softmax over places. These predictions, ``<task>.aux``, are supervised and made of the shared feature without passing
    gradients on to it. The head is ``dict(type='LogitsHead', dropout=.05)``.

    With the published genotypes and HRNet18: 5.061 M parameters on NYUD, 5.383 M on PASCAL-Context (fact sheet 7).

    Source: Bruggemann et al. 2021, fact sheet 4.3, 5.4. Ours: padding is not left out of regions (in the release a mask for
    it exists and never matches, 5.4); the search is not here.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see there.
        out_channels: see there.
        genotype: ``'nyud_hrnet18'``, ``'pascal_hrnet18'``, or target -> source -> 0 none, 1 global, 2 local, 3 regions of
            the target, 4 regions of the source.
        channels: width of a task's feature.
        lateral_channels: see there.
        context_channels: width of queries, keys and values; None: half of ``channels``.
        regions: task -> number of its regions; by default 40 for depth and normals, 2 for edge, else its classes.

    Raises:
        ValueError: an unknown genotype or kind, or one made for other tasks.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 genotype: str | Genotype = 'nyud_hrnet18', channels: int = 67, lateral_channels: int | None = None,
                 context_channels: int | None = None, regions: Mapping[str, int] | None = None) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels)
        self.genotype = _checked(genotype, self.tasks)
        inner = context_channels or channels // 2
        wide, stride = self.concat.out_channels, self.concat.stride
        self.contexts = nn.ModuleDict({task: nn.ModuleDict(
            {source: _context(kind, channels, inner) for source, kind in self.genotype[task].items() if kind})
            for task in self.tasks})
        self.project, self.merge = nn.ModuleDict(), nn.ModuleDict()
        for task, sources in self.contexts.items():
            if len(sources):
                norm = nn.BatchNorm2d(channels)
                nn.init.zeros_(norm.weight)
                self.project[task] = nn.Sequential(nn.Conv2d(inner * len(sources), channels, 1, bias=False), norm)
            self.merge[task] = conv_bn_relu(channels * (2 if len(sources) else 1), channels)
        counts = {**out_channels, **{task: k for task, k in REGIONS.items() if task in out_channels}, **(regions or {})}
        for task in _with_regions(self.genotype):
            self.aux[task] = nn.Sequential(conv_bn_relu(wide, wide), nn.Conv2d(wide, counts[task], 1))
            self.tap_specs[f'{task}.aux'] = TapSpec(counts[task], stride)

    def forward(self, features: list[Tensor]) -> Taps:
        """See :class:`TaskNeck`."""
        shared = self.concat(features)
        own = {task: make(shared) for task, make in self.own.items()}
        aux = {task: predict(shared.detach()) for task, predict in self.aux.items()}
        regions = {task: value.float().flatten(2).softmax(2) for task, value in aux.items()}
        return {'shared': shared, **{f'{task}.own': value for task, value in own.items()},
                **{f'{task}.in': self._taken(task, own, regions) for task in self.tasks},
                **{f'{task}.aux': value for task, value in aux.items()}}

    def _taken(self, task: str, own: Mapping[str, Tensor], regions: Mapping[str, Tensor]) -> Tensor:
        taken = []
        for source, context in self.contexts[task].items():
            where = task if KINDS[self.genotype[task][source]] == 'target_regions' else source
            taken.append(context(own[task], own[source], regions.get(where)))
        if not taken:
            return self.merge[task](own[task])
        return self.merge[task](torch.cat((own[task], self.project[task](torch.cat(taken, 1))), 1))


def _context(kind: int, in_channels: int, channels: int) -> Context:
    return {'global': GlobalContext, 'local': LocalContext}.get(KINDS[kind], RegionContext)(in_channels, channels)


def _with_regions(genotype: Genotype) -> list[str]:
    """The tasks whose regions some context looks at."""
    return [task for task in genotype
            if 3 in genotype[task].values() or any(sources[task] == 4 for sources in genotype.values())]


def _checked(genotype: str | Genotype, tasks: Sequence[str]) -> Genotype:
    """The genotype in the order of the tasks."""
    if isinstance(genotype, str):
        if genotype not in GENOTYPES:
            raise ValueError(f"ATRCNeck: genotype='{genotype}' is unknown; choose one of {', '.join(GENOTYPES)}, or give "
                             f'target -> source -> kind.')
        name, genotype = f"'{genotype}'", GENOTYPES[genotype]
    else:
        name = 'given'
    rows = [('its targets', genotype), *((f"the sources of '{target}'", row) for target, row in genotype.items())]
    for what, row in rows:
        if set(row) != set(tasks):
            raise ValueError(f'ATRCNeck: the genotype {name} was made for other tasks: {what} are {", ".join(row)}, the '
                             f'tasks are {", ".join(tasks)}.')
    for target, row in genotype.items():
        for source, kind in row.items():
            if kind not in range(len(KINDS)):
                raise ValueError(f'ATRCNeck: the genotype {name} has the kind {kind} for {target} from {source}; kinds are '
                                 f'{", ".join(f"{i} {text}" for i, text in enumerate(KINDS))}.')
    return {task: {source: genotype[task][source] for source in tasks} for task in tasks}
