"""The search for ATRC's genotype: a network with every kind of context for every pair of tasks."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from ...registry import NECKS
from ..blocks.context import Context
from ..blocks.context_choice import ContextChoice
from ..genotype import KINDS
from ..net import Taps
from .context_neck import ContextNeck, regions_of


@NECKS.register_module()
class ATRCSearchNeck(ContextNeck):
    """The search network of ATRC: a learned mixture of all kinds of context for each pair of tasks.

    Weights and scores are trained in the same steps on the same samples, each with its own optimizer (SGD and Adam in the
    release), on the task losses plus w times the mean entropy of the choices::

        model = dict(net=dict(neck=dict(type='ATRCSearchNeck'), head=dict(type='LogitsHead')))
        optim_wrapper = dict(constructor='PartsConstructor', paramwise_cfg=dict(parts={
            'net.trunk.neck.choice': dict(type='Adam', lr=5e-4, schedule=False)}))
        custom_hooks = [dict(type='ContextSearchHook')]

    The hook anneals temperature and w, freezes pairs and writes ``genotype.json``; without it no choice is made. All
    contexts are computed in every pass, even those of frozen pairs and in eval mode, where only the chosen ones are used.

    The last norms of the contexts have no scale and shift, so that the scale of a context cannot replace its weight; the
    kind "none" contributes nothing to the mixture.

    Source: Bruggemann et al. 2021 and the authors' code (mixture, norms, joint steps); fact sheet 4.3.

    Args:
        in_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        strides: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        out_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        channels: width of a task's feature.
        lateral_channels: see :class:`~mtkd.models.necks.task_neck.TaskNeck`.
        context_channels: width of queries, keys and values; None: half of ``channels``.
        regions: see :class:`~mtkd.models.necks.atrc.ATRCNeck`.

    Attributes:
        not_deployed: the reason why this network cannot be exported; any part of a network may define it.
    """

    not_deployed: ClassVar[str] = 'a search for a genotype is not deployed; the network of the genotype that it finds is'

    def __init__(self, in_channels: Sequence[int], strides: Sequence[int], out_channels: Mapping[str, int],
                 channels: int = 67, lateral_channels: int | None = None, context_channels: int | None = None,
                 regions: Mapping[str, int] | None = None) -> None:
        super().__init__(in_channels, strides, out_channels, channels, lateral_channels, context_channels)
        self.choice = ContextChoice(self.tasks)
        self.contexts = nn.ModuleDict({target: nn.ModuleDict({source: nn.ModuleDict(
            {KINDS[kind]: self._without_scale(kind) for kind in self.choice.kinds(target, source) if kind})
            for source in self.tasks}) for target in self.tasks})
        self.add_joints(dict.fromkeys(self.tasks, len(self.tasks)))
        self.add_regions(self.tasks, out_channels, regions)

    def _without_scale(self, kind: int) -> Context:
        context = self.make_context(kind)
        context.value[1] = nn.BatchNorm2d(self.context_channels, affine=False)
        return context

    def taken(self, own: Mapping[str, Tensor], regions: Mapping[str, Tensor]) -> dict[str, list[Tensor]]:
        """See :class:`ContextNeck`; the choices are sampled once for the whole batch."""
        weights = dict(zip(self.tasks, self.choice.weights(), strict=True))
        return {target: [self._mixed(target, source, row, own, regions) for source, row in
                         zip(self.tasks, weights[target], strict=True)] for target in self.tasks}

    def _mixed(self, target: str, source: str, weights: Tensor, own: Mapping[str, Tensor],
               regions: Mapping[str, Tensor]) -> Tensor:
        """Mix the contexts of one pair by their (5,) weights."""
        kinds = [(KINDS.index(name), context) for name, context in self.contexts[target][source].items()]
        return torch.stack([weights[kind] * context(own[target], own[source], regions[regions_of(kind, target, source)])
                            for kind, context in kinds]).sum(0)

    def penalties(self, taps: Taps) -> dict[str, tuple[Tensor, Tensor]]:
        """``search/entropy``: mean entropy of the choices, and its weight."""
        return {'search/entropy': (self.choice.entropy(), self.choice.entropy_weight)}
