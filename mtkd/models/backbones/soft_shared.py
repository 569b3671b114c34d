"""One network per task, mixed after every stage: the full forms of Cross-Stitch and NDDR-CNN."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ...registry import BACKBONES, NECKS
from ..blocks.chain import check_chain
from ..necks.cross_stitch import CrossStitchUnit
from ..necks.nddr import NDDRUnit
from ..net import Taps, TapSpec

UNITS: dict[str, type[nn.Module]] = {'cross_stitch': CrossStitchUnit, 'nddr': NDDRUnit}


@BACKBONES.register_module()
class SoftSharedTrunk(nn.Module):
    """One backbone and neck per task; after each stage, a unit mixes the tasks' features for the next stage.

    Taps: ``<task>.scale0``, ... (0 is the finest), the mixed features of each stage, and ``<task>.in``, the output of the
    task's neck. Nothing is shared, so there is no tap ``shared``: gradient balances need ``level='params'``.

    Source: Misra et al. 2016 and Gao et al. 2019, ``style='full'`` as the survey has it (units after layer1 to layer4 of
    ResNets; fact sheet 4.3). Differences: the ordinary scales of the trunk and FCN heads instead of dilated ResNets with
    ASPP; units use the learning rate of the network (100 times as high in the survey, see ``optim_wrapper.paramwise_cfg``);
    networks are initialised with the backbone's weights, not with trained single-task networks.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of every task's backbone, a chain of stages such as timm's ResNets.
        neck: config of every task's neck; ``ConcatNeck`` by default.
        unit: ``'cross_stitch'`` or ``'nddr'``.
        own: initial weight of a task's own feature (.9 on NYUD, .8 on PASCAL).
        other: initial weight of the features of each other task (.1 on NYUD, .05 on PASCAL).

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: fewer than two tasks, no backbone, an unknown unit, or a backbone that is not a chain of stages.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None,
                 neck: Mapping[str, Any] | None = None, unit: str = 'cross_stitch', own: float = 0.9,
                 other: float = 0.1) -> None:
        super().__init__()
        if len(tasks) < 2:
            raise ValueError(f'SoftSharedTrunk mixes the networks of two or more tasks and was given {list(tasks)}: it is a '
                             f'trunk, set it as model.net.trunk; for one task, use model.net.backbone.')
        if backbone is None:
            raise ValueError("SoftSharedTrunk: give backbone=dict(type='TimmBackbone', name='resnet18').")
        if unit not in UNITS:
            raise ValueError(f"SoftSharedTrunk: unit='{unit}' is unknown; choose one of {', '.join(UNITS)}.")
        self.backbones = nn.ModuleDict({task: BACKBONES.build(dict(backbone)) for task in tasks})
        first = next(iter(self.backbones.values()))
        check_chain('SoftSharedTrunk', first, str(backbone.get('name', backbone['type'])),
                    'use the neck CrossStitchNeck or NDDRNeck on one trunk')
        self.units = nn.ModuleList(UNITS[unit](len(tasks), channels, own, other) for channels in first.channels)
        self.necks = nn.ModuleDict({task: NECKS.build({'type': 'ConcatNeck', **(neck or {}), 'in_channels': first.channels,
                                                       'strides': first.strides}) for task in tasks})
        self.tap_specs = {f'{task}.scale{i}': TapSpec(channels, stride) for task in tasks
                          for i, (channels, stride) in enumerate(zip(first.channels, first.strides, strict=True))}
        for task, made in self.necks.items():
            self.tap_specs[f'{task}.in'] = TapSpec(made.out_channels, made.stride)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        current = dict.fromkeys(self.backbones, image)
        scales: dict[str, list[Tensor]] = {task: [] for task in current}
        first = next(iter(self.backbones.values())).body
        for name in first:
            current = {task: backbone.body[name](current[task]) for task, backbone in self.backbones.items()}
            if name in first.return_layers:
                mixed = self.units[len(scales[next(iter(scales))])](list(current.values()))
                current = dict(zip(current, mixed, strict=True))
                for task, feature in current.items():
                    scales[task].append(feature)
        taps = {f'{task}.scale{i}': feature for task, features in scales.items() for i, feature in enumerate(features)}
        return {**taps, **{f'{task}.in': neck(scales[task]) for task, neck in self.necks.items()}}
