"""Learning to branch: each stage of a task takes its input from the previous stage of one task."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import BACKBONES, NECKS
from ..blocks.chain import check_chain, levels_of, run_level
from ..blocks.experts import check_expert_trunk
from ..net import Taps, TapSpec


@BACKBONES.register_module()
class LTBTrunk(nn.Module):
    """One backbone per task; before each stage, every branch selects the task whose feature it continues from.

    Choices are straight-through Gumbel-softmax samples, one per step, stage and task, with the temperature
    ``epochs`` / 20 / sqrt(epoch + 1), where the epoch is the progress of the training times ``epochs``. In the first
    hundredth of the training, all features are summed. In eval mode, every branch uses its most likely parent; ties are
    resolved in favour of the branch itself.

    Taps: ``<task>.scale0``, ... (0 is the finest), the outputs of the stages, and ``<task>.in``, the output of the task's
    neck. No feature is shared by all tasks, so gradient balances need ``level='params'``.

    Source: Guo et al. 2020 (Learning to Branch), section 3. The use of one ResNet per task, the warm-up and the temperature
    follow LibMTL (4336804); outputs and gradients equal LibMTL's with the same weights and samples. LibMTL also samples in
    evaluation; here the most likely parent is used, as in the paper after training. The paper's tree may have more nodes
    than tasks per level and is retrained after the search; here, as in LibMTL, a single training does both.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of every task's backbone, a chain of stages such as timm's ResNets.
        neck: config of every task's neck; ``PoolNeck`` by default.
        epochs: length of the temperature schedule.

    Attributes:
        tap_specs: channels and stride of every tap.
        scores: (stages, T, T), for stage x task x parent; initialised to 1.

    Raises:
        ValueError: no tasks or no backbone, a non-positive length, a neck that produces a feature per task, or a backbone
            that is not a chain of stages.
    """

    temperature: Tensor
    warm: Tensor

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None, epochs: int = 200) -> None:
        super().__init__()
        check_expert_trunk(self, tasks, backbone)
        if epochs < 1:
            raise ValueError(f'LTBTrunk(epochs={epochs}): give the number of epochs of the schedule, 1 or more.')
        config = dict(backbone or {})
        self.epochs = epochs
        self.backbones = nn.ModuleDict({task: BACKBONES.build(config) for task in tasks})
        first = next(iter(self.backbones.values()))
        check_chain('LTBTrunk', first, str(config.get('name', config['type'])), 'use MMoETrunk, which runs backbones whole')
        self.levels = levels_of(first)
        self.scores = nn.Parameter(torch.ones(len(self.levels) - 1, len(tasks), len(tasks)))
        # tensors, so that a schedule causes no recompilation; not saved, because they follow from the progress
        self.register_buffer('temperature', torch.ones(()), persistent=False)
        self.register_buffer('warm', torch.zeros((), dtype=torch.bool), persistent=False)
        self.necks = nn.ModuleDict({task: NECKS.build({'type': 'PoolNeck', **(neck or {}), 'in_channels': first.channels,
                                                       'strides': first.strides}) for task in tasks})
        self.tap_specs = {f'{task}.scale{i}': TapSpec(channels, stride) for task in tasks
                          for i, (channels, stride) in enumerate(zip(first.channels, first.strides, strict=True))}
        for task, made in self.necks.items():
            if not hasattr(made, 'out_channels'):
                raise ValueError(f"LTBTrunk: {type(made).__name__} makes a feature per task, but here every task already "
                                 f"has its own neck: give neck=dict(type='PoolNeck') or ConcatNeck.")
            self.tap_specs[f'{task}.in'] = TapSpec(made.out_channels, made.stride)

    def begin_step(self, progress: float) -> None:
        """Set the temperature and the warm-up state from the completed fraction of the training."""
        epoch = int(progress * self.epochs)
        self.temperature.fill_(self.epochs / 20 / math.sqrt(epoch + 1))
        self.warm.fill_(epoch < self.epochs / 100)

    def parents(self) -> Tensor:
        """(stages, T) int64: the most likely parent of each branch; on ties, the branch itself."""
        own = torch.eye(self.scores.shape[1], device=self.scores.device, dtype=torch.bool)
        best = self.scores == self.scores.amax(-1, keepdim=True)
        return torch.where((best & own).any(-1), torch.arange(len(own), device=own.device), best.int().argmax(-1))

    def choices(self) -> Tensor:
        """(stages, T, T) the mixing weights: a new sample in training, otherwise 1 for the most likely parent."""
        if not self.training:
            return F.one_hot(self.parents(), self.scores.shape[-1]).to(self.scores.dtype)
        gumbel = -torch.empty_like(self.scores).exponential_().log()
        soft = ((self.scores + gumbel) / self.temperature).softmax(-1)
        hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)
        return torch.where(self.warm, torch.ones_like(soft), hard - soft.detach() + soft)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        choices, tasks = self.choices(), list(self.backbones)
        current = [run_level(backbone, self.levels[0], image) for backbone in self.backbones.values()]
        scales: dict[str, list[Tensor]] = {task: [] for task in tasks}
        for chosen, level in zip(choices, self.levels[1:], strict=True):
            given = torch.einsum('tp,pb...->tb...', chosen.to(current[0].dtype), torch.stack(current))
            current = [run_level(backbone, level, feature)
                       for backbone, feature in zip(self.backbones.values(), given, strict=True)]
            for task, feature in zip(tasks, current, strict=True):
                scales[task].append(feature)
        taps = {f'{task}.scale{i}': feature for task, features in scales.items() for i, feature in enumerate(features)}
        return {**taps, **{f'{task}.in': neck(scales[task]) for task, neck in self.necks.items()}}
