"""ATRC: attention between tasks, with a kind of context for every pair that is found by a search."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import NECKS
from ..genotype import GENOTYPES, KINDS, Genotype, find_genotype
from .context_neck import ContextNeck, regions_of


@NECKS.register_module()
class ATRCNeck(ContextNeck):
    """Adaptive task-relational context: each task attends to each task with the kind of context given by a genotype.

    A task's feature F_t is concatenated with a projection of its contexts in all tasks, including itself, and reduced to
    67 channels by a 1x1 convolution with norm and ReLU. The projection's norm is initialised to zero, so that training
    starts from the baseline. Kinds: global linear attention; local attention over 9x9 positions; attention over the mean
    source features of regions, which are the positions where the target or the source predicts a class (log bins of depth,
    directions of normals), a softmax over positions. These predictions, ``<task>.aux``, are supervised; no gradient flows
    from them into the shared feature. The head is ``dict(type='LogitsHead', dropout=.05)``.

    With the published genotypes and HRNet18: 5.061 M parameters on NYUD, 5.383 M on PASCAL-Context (fact sheet 7).

    A genotype from a file is stored in the state dict (``kinds``), because other kinds may have weights of the same shapes;
    loading a checkpoint of another genotype is then an error.

    Source: Bruggemann et al. 2021, fact sheet 4.3, 5.4. Padding is not excluded from regions (the release has a mask for it
    that never matches, 5.4). The search is :class:`~mtkd.models.necks.atrc_search.ATRCSearchNeck`.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        out_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        genotype: ``'nyud_hrnet18'``, ``'pascal_hrnet18'``, a search's ``genotype.json``, or target -> source -> 0 none,
            1 global, 2 local, 3 regions of the target, 4 regions of the source. In a config, ``dict(config=...)`` names the
            config of the search, whose result is found in its work dir.
        channels: width of a task's feature.
        lateral_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        context_channels: width of queries, keys and values; None: half of ``channels``.
        regions: task -> number of its regions; by default 40 for depth and normals, 2 for edge, else its classes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: an unknown genotype or kind, or one made for other tasks; on loading, weights of another genotype.
    """

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 genotype: str | Genotype = 'nyud_hrnet18', channels: int = 67, lateral_channels: int | None = None,
                 context_channels: int | None = None, regions: Mapping[str, int] | None = None) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels, context_channels)
        self.genotype = find_genotype(genotype, self.tasks)
        self.contexts = nn.ModuleDict({task: nn.ModuleDict(
            {source: self.make_context(kind) for source, kind in self.genotype[task].items() if kind})
            for task in self.tasks})
        self.add_joints({task: len(sources) for task, sources in self.contexts.items()})
        self.add_regions(_with_regions(self.genotype), out_channels, regions)
        if isinstance(genotype, str) and genotype not in GENOTYPES:
            self.register_buffer('kinds', torch.tensor(self._rows(), dtype=torch.int8))

    def _rows(self) -> list[list[int]]:
        return [list(row.values()) for row in self.genotype.values()]

    def taken(self, own: Mapping[str, Tensor], regions: Mapping[str, Tensor]) -> dict[str, list[Tensor]]:
        """See :class:`ContextNeck`."""
        return {task: [context(own[task], own[source], regions.get(regions_of(self.genotype[task][source], task, source)))
                       for source, context in sources.items()] for task, sources in self.contexts.items()}

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        kept = state_dict.get(f'{prefix}kinds')
        if kept is not None and kept.tolist() != self._rows():
            raise ValueError(f'ATRCNeck: the weights were trained with the genotype {_text(kept.tolist())}, but this '
                             f'network has {_text(self._rows())} (rows are targets, columns sources, in the order '
                             f'{", ".join(self.tasks)}): give the genotype that they were trained with.')
        super()._load_from_state_dict(state_dict, prefix, *args)


def _text(rows: list[list[int]]) -> str:
    return ' '.join(''.join(map(str, row)) for row in rows)


def _with_regions(genotype: Genotype) -> list[str]:
    """The tasks whose regions are used by some context."""
    looked_at = {regions_of(kind, target, source) for target, row in genotype.items() for source, kind in row.items()
                 if KINDS[kind].endswith('regions')}
    return [task for task in genotype if task in looked_at]
