"""MMoE: shared experts and one gate per task."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import BACKBONES
from ..blocks.experts import Expert, check_expert_trunk
from ..blocks.gates import SoftmaxGate, gate_view, mixed
from ..net import Taps, TapSpec


@BACKBONES.register_module()
class MMoETrunk(nn.Module):
    """Multi-gate mixture of experts: each task uses its own per-sample mixture of the same backbones.

    Taps: ``shared``, the concatenated features of all experts (experts x channels); ``<task>.gate``, the weights; and
    ``<task>.in``, the mixture, which is the input of the task's head.

    Source: Ma et al. 2018 (MMoE), equations 5 to 7. Outputs and gradients are those of LibMTL (4336804) with its weights
    when ``gate_size`` is the side of the image: there the input of a gate is the flattened image. Here it is the means over
    a grid, so that images may have any size and gates are small; experts may have any neck.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of every expert's backbone.
        neck: config of every expert's neck; ``PoolNeck`` by default.
        shared_experts: the number of experts.
        gate_size: side of the grid that is input to the gates, see :func:`~mtkd.models.blocks.gates.gate_view`.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: no tasks or no backbone, no expert, an empty grid, or a neck that produces a feature per task.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None, shared_experts: int = 3, gate_size: int = 8) -> None:
        super().__init__()
        check_expert_trunk(self, tasks, backbone)
        if shared_experts < 1 or gate_size < 1:
            raise ValueError(f'{type(self).__name__}(shared_experts={shared_experts}, gate_size={gate_size}): both must be '
                             f'1 or more.')
        self.shared_experts = nn.ModuleList(Expert(backbone or {}, neck) for _ in range(shared_experts))
        self.gate_size = gate_size
        self.gates = nn.ModuleDict({task: self.make_gate(3 * gate_size ** 2, shared_experts) for task in tasks})
        first = self.shared_experts[0]
        self.tap_specs = {'shared': TapSpec(shared_experts * first.channels, first.stride)}
        for task in tasks:
            self.tap_specs[f'{task}.gate'] = TapSpec(shared_experts, 0)
            self.tap_specs[f'{task}.in'] = TapSpec(first.channels, first.stride)

    def make_gate(self, in_features: int, experts: int) -> nn.Module:
        """Build the gate of a task."""
        return SoftmaxGate(in_features, experts)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        shared = torch.cat([expert(image) for expert in self.shared_experts], 1)
        each, seen = shared.unflatten(1, (len(self.shared_experts), -1)), gate_view(image, self.gate_size)
        taps: Taps = {'shared': shared}
        for task, gate in self.gates.items():
            taps[f'{task}.gate'] = gate(seen)
            taps[f'{task}.in'] = mixed(taps[f'{task}.gate'], each)
        return taps
