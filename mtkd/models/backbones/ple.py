"""PLE: shared and task-specific experts, mixed after every stage."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ...registry import BACKBONES, NECKS
from ..blocks.chain import check_chain, levels_of, run_level, stem_channels
from ..blocks.experts import check_expert_trunk, own_experts_of
from ..blocks.gates import SoftmaxGate, gate_view, mixed
from ..net import Taps, TapSpec

STYLES = ('paper', 'libmtl')


@BACKBONES.register_module()
class PLETrunk(nn.Module):
    """Progressive layered extraction: mixes the experts level by level, from the stem to the last stage.

    At each level, a task uses a mixture of the features of the shared experts and of its own experts, weighted by a gate
    whose input is the task's feature before the level. Taps: ``<task>.scale0``, ... (0 is the finest), the mixtures after
    each stage, and ``<task>.in``, the output of the task's neck. No feature is shared by all tasks, so gradient balances
    need ``level='params'``.

    - ``style='paper'``: the input of the shared experts is a separate feature, which a shared gate mixes from all experts
      after every level except the last (Tang et al. 2020, section 4.2, equations 4 to 6).
    - ``style='libmtl'``: there is no shared feature and no shared gate: shared experts run once per task, on the feature of
      the task. Outputs and gradients are those of LibMTL (4336804) with its weights when ``gate_size`` is the side of each
      level's input.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of every expert, a chain of stages such as timm's ResNets.
        neck: config of every task's neck; ``PoolNeck`` by default.
        shared_experts: the number of shared experts.
        own_experts: the number of task-specific experts: one number, or task -> number.
        gate_size: side of the grid to which the input of a gate is reduced: one number, or one per level, stem first.
        style: see above.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: no tasks or no backbone, no experts, grids that are empty or not one per level, an unknown style, a neck
            that produces a feature per task, or a backbone that is not a chain of stages.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None, shared_experts: int = 1, own_experts: int | Mapping[str, int] = 1,
                 gate_size: int | Sequence[int] = 4, style: str = 'paper') -> None:
        super().__init__()
        check_expert_trunk(self, tasks, backbone)
        if shared_experts < 1 or style not in STYLES:
            raise ValueError(f"PLETrunk(shared_experts={shared_experts}, style='{style}'): give 1 expert or more, and one "
                             f"of the styles {', '.join(STYLES)}.")
        config = dict(backbone or {})
        counts = own_experts_of(self, tasks, own_experts)
        self.shared_experts = nn.ModuleList(BACKBONES.build(config) for _ in range(shared_experts))
        first = self.shared_experts[0]
        check_chain('PLETrunk', first, str(config.get('name', config['type'])), 'use CGCTrunk, which runs experts whole')
        self.own = nn.ModuleDict({task: nn.ModuleList(BACKBONES.build(config) for _ in range(count))
                                  for task, count in counts.items()})
        self.levels = levels_of(first)
        self.sizes = _sizes(gate_size, len(self.levels))
        read = [channels * side ** 2 for channels, side in zip((3, stem_channels(first), *first.channels), self.sizes,
                                                               strict=False)]
        self.gates = nn.ModuleDict({task: nn.ModuleList(SoftmaxGate(length, shared_experts + count) for length in read)
                                    for task, count in counts.items()})
        everyone = shared_experts + sum(counts.values())
        self.shared_gates = (nn.ModuleList(SoftmaxGate(length, everyone) for length in read[:-1])
                             if style == 'paper' else None)
        self.necks = nn.ModuleDict({task: NECKS.build({'type': 'PoolNeck', **(neck or {}), 'in_channels': first.channels,
                                                       'strides': first.strides}) for task in tasks})
        self.tap_specs = {f'{task}.scale{i}': TapSpec(channels, stride) for task in tasks
                          for i, (channels, stride) in enumerate(zip(first.channels, first.strides, strict=True))}
        for task, made in self.necks.items():
            if not hasattr(made, 'out_channels'):
                raise ValueError(f"PLETrunk: {type(made).__name__} makes a feature per task, but here every task already "
                                 f"has its own neck: give neck=dict(type='PoolNeck') or ConcatNeck.")
            self.tap_specs[f'{task}.in'] = TapSpec(made.out_channels, made.stride)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        current, common = dict.fromkeys(self.gates, image), image
        scales: dict[str, list[Tensor]] = {task: [] for task in current}
        for number, level in enumerate(self.levels):
            own = {task: self._run(self.own[task], level, feature) for task, feature in current.items()}
            if self.shared_gates is None:
                shared = {task: self._run(self.shared_experts, level, feature) for task, feature in current.items()}
            else:
                shared = dict.fromkeys(current, self._run(self.shared_experts, level, common))
            mixtures = {task: self._mix(self.gates[task][number], number, feature, torch.cat((shared[task], own[task]), 1))
                        for task, feature in current.items()}
            if self.shared_gates is not None and number < len(self.shared_gates):
                everyone = torch.cat((next(iter(shared.values())), *own.values()), 1)
                common = self._mix(self.shared_gates[number], number, common, everyone)
            current = mixtures
            if number:
                for task, feature in current.items():
                    scales[task].append(feature)
        taps = {f'{task}.scale{i}': feature for task, features in scales.items() for i, feature in enumerate(features)}
        return {**taps, **{f'{task}.in': neck(scales[task]) for task, neck in self.necks.items()}}

    @staticmethod
    def _run(experts: nn.ModuleList, level: list[str], feature: Tensor) -> Tensor:
        """Run one level of each expert on a feature: (B, C, h, w) -> (B, experts, C', h', w')."""
        return torch.stack([run_level(expert, level, feature) for expert in experts], 1)

    def _mix(self, gate: nn.Module, number: int, feature: Tensor, experts: Tensor) -> Tensor:
        """Mix the experts by a gate whose input is that of the level."""
        return mixed(gate(gate_view(feature, self.sizes[number])), experts)


def _sizes(gate_size: int | Sequence[int], levels: int) -> list[int]:
    sizes = [gate_size] * levels if isinstance(gate_size, int) else list(gate_size)
    if len(sizes) != levels or min(sizes) < 1:
        raise ValueError(f'PLETrunk: gate_size={gate_size}; give one side of 1 or more, or one for each of the {levels} '
                         f'levels, the stem first.')
    return sizes
