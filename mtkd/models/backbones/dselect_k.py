"""DSelect-k: a mixture of experts with a sparse selection for each task."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import BACKBONES
from ..blocks.gates import SelectGate, gate_view, mixed
from ..net import Taps, TapSpec
from .mmoe import MMoETrunk

EPS = 1e-6


@BACKBONES.register_module()
class DSelectKTrunk(MMoETrunk):
    """MMoE with gates that select at most ``select`` experts per task and are smooth during training.

    Taps are those of :class:`MMoETrunk`, and ``<task>.selectors``, the weights of each selector (select x experts). Two
    terms are added to the loss: ``gates/entropy``, the selectors' entropy, times ``entropy_weight``; and, if the number of
    experts is not a power of two, ``gates/unreachable``, the mean over samples of the sum of 1 / (the weight that a selector
    gives to existing experts, at least 1e-6), which keeps selectors off codes without an expert.

    Source: Hazimeh et al. 2021; see :class:`~mtkd.models.blocks.gates.SelectGate`. The official code and LibMTL sum both
    terms over the samples of a batch, with 1e-6 for the first and 1 for the second; here they are means over samples, so
    that they depend neither on the batch size nor on the number of ranks. LibMTL adds them for the last task only; here, as
    in the official layer, they are added for each task.

    Args:
        tasks: see :class:`MMoETrunk`.
        backbone: see :class:`MMoETrunk`.
        neck: see :class:`MMoETrunk`.
        shared_experts: see :class:`MMoETrunk`.
        gate_size: see :class:`MMoETrunk`.
        select: the maximum number of experts per task after convergence.
        gamma: width of the smooth step.
        entropy_weight: the weight of the selectors' entropy; larger values make the selection converge sooner.

    Raises:
        ValueError: see :class:`MMoETrunk` and :class:`~mtkd.models.blocks.gates.SelectGate`.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None, shared_experts: int = 4, gate_size: int = 8, select: int = 2,
                 gamma: float = 1.0, entropy_weight: float = 1e-6) -> None:
        self.select, self.gamma, self.entropy_weight = select, gamma, entropy_weight
        super().__init__(tasks, backbone, neck, shared_experts, gate_size)
        for task in tasks:
            self.tap_specs[f'{task}.selectors'] = TapSpec(select * shared_experts, 0)

    def make_gate(self, in_features: int, experts: int) -> nn.Module:
        """See :class:`MMoETrunk`."""
        return SelectGate(in_features, experts, self.select, self.gamma)

    def forward(self, image: Tensor) -> Taps:
        """See :class:`MMoETrunk`."""
        shared = torch.cat([expert(image) for expert in self.shared_experts], 1)
        each, seen = shared.unflatten(1, (len(self.shared_experts), -1)), gate_view(image, self.gate_size)
        taps: Taps = {'shared': shared}
        for task, gate in self.gates.items():
            weights, selectors = gate(seen)
            taps[f'{task}.gate'], taps[f'{task}.selectors'] = weights, selectors.flatten(1)
            taps[f'{task}.in'] = mixed(weights, each)
        return taps

    def penalties(self, taps: Taps) -> dict[str, tuple[Tensor, Tensor]]:
        """See :meth:`~mtkd.models.net.MultiTaskNet.penalties`."""
        selectors = torch.stack([taps[f'{task}.selectors'] for task in self.gates], 1).float()  # (B, T, select experts)
        entropy = -(selectors * (selectors + EPS).log()).sum((1, 2)).mean()
        found = {'gates/entropy': (entropy, entropy.new_tensor(self.entropy_weight))}
        if not all(gate.complete for gate in self.gates.values()):
            reached = selectors.unflatten(2, (self.select, -1)).sum(-1)
            unreachable = (1 / reached.clamp_min(EPS)).sum((1, 2)).mean()
            found['gates/unreachable'] = (unreachable, unreachable.new_ones(()))
        return found
