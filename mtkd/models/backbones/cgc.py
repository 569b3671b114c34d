"""CGC: shared and task-specific experts."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import BACKBONES
from ..blocks.experts import Expert, check_expert_trunk, own_experts_of
from ..blocks.gates import SoftmaxGate, gate_view, mixed
from ..net import Taps, TapSpec


@BACKBONES.register_module()
class CGCTrunk(nn.Module):
    """Customized gate control: each task mixes the shared experts and its own experts.

    Taps: ``shared``, the concatenated features of the shared experts; ``<task>.own``, those of the task-specific experts;
    and ``<task>.gate`` and ``<task>.in`` as in :class:`~mtkd.models.backbones.MMoETrunk`.

    Source: Tang et al. 2020, section 4.1, equations 1 to 3: progressive layered extraction with one level. Outputs and
    gradients are those of LibMTL (4336804) with its weights when ``gate_size`` is the image's side.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of every expert's backbone.
        neck: config of every expert's neck; ``PoolNeck`` by default.
        shared_experts: the number of shared experts.
        own_experts: the number of task-specific experts: one number, or task -> number.
        gate_size: side of the grid that is input to the gates, see :func:`~mtkd.models.blocks.gates.gate_view`.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: no tasks or no backbone, no experts, an empty grid, or a neck that produces a feature per task.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None, shared_experts: int = 1, own_experts: int | Mapping[str, int] = 1,
                 gate_size: int = 8) -> None:
        super().__init__()
        check_expert_trunk(self, tasks, backbone)
        if shared_experts < 1 or gate_size < 1:
            raise ValueError(f'CGCTrunk(shared_experts={shared_experts}, gate_size={gate_size}): both must be 1 or more.')
        counts = own_experts_of(self, tasks, own_experts)
        self.shared_experts = nn.ModuleList(Expert(backbone or {}, neck) for _ in range(shared_experts))
        self.own = nn.ModuleDict({task: nn.ModuleList(Expert(backbone or {}, neck) for _ in range(count))
                                  for task, count in counts.items()})
        self.gate_size = gate_size
        self.gates = nn.ModuleDict({task: SoftmaxGate(3 * gate_size ** 2, shared_experts + count)
                                    for task, count in counts.items()})
        first = self.shared_experts[0]
        self.tap_specs = {'shared': TapSpec(shared_experts * first.channels, first.stride)}
        for task, count in counts.items():
            self.tap_specs[f'{task}.own'] = TapSpec(count * first.channels, first.stride)
            self.tap_specs[f'{task}.gate'] = TapSpec(shared_experts + count, 0)
            self.tap_specs[f'{task}.in'] = TapSpec(first.channels, first.stride)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        seen = gate_view(image, self.gate_size)
        taps: Taps = {'shared': torch.cat([expert(image) for expert in self.shared_experts], 1)}
        for task, gate in self.gates.items():
            own = torch.cat([expert(image) for expert in self.own[task]], 1)
            taps[f'{task}.own'], taps[f'{task}.gate'] = own, gate(seen)
            each = torch.cat((taps['shared'], own), 1).unflatten(1, (len(self.shared_experts) + len(self.own[task]), -1))
            taps[f'{task}.in'] = mixed(taps[f'{task}.gate'], each)
        return taps
