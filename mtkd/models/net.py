"""The network: a trunk all tasks share and one head a task, its inner tensors returned as named taps. Pure torch."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..registry import BACKBONES, HEADS, NECKS

Taps = dict[str, Tensor]  # 'trunk.2', 'shared', 'semseg.feat', 'semseg.out', …


@dataclass(frozen=True)
class TapSpec:
    """What a tap holds, known before any forward.

    Attributes:
        channels: number of channels.
        stride: stride relative to the picture; 0 for a vector per picture.
    """

    channels: int
    stride: int


class Trunk(nn.Module):
    """Backbone and neck: picture -> ``trunk.0``, ``trunk.1``, … and ``shared``.

    Args:
        backbone: has ``channels`` and ``strides`` and returns a list of maps.
        neck: has ``out_channels`` and ``stride`` and turns that list into one map.
    """

    def __init__(self, backbone: nn.Module, neck: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.tap_specs = {f'trunk.{i}': TapSpec(c, s)
                          for i, (c, s) in enumerate(zip(backbone.channels, backbone.strides, strict=True))}
        self.tap_specs['shared'] = TapSpec(neck.out_channels, neck.stride)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised picture -> the trunk's taps."""
        features = self.backbone(image)
        taps = {f'trunk.{i}': feature for i, feature in enumerate(features)}
        taps['shared'] = self.neck(features)
        return taps


class MultiTaskNet(nn.Module):
    """A trunk and a head per task. No loss inside; its state dict is the whole deployed model.

    A head reads ``<task>.in`` where the trunk offers it (a trunk that makes a feature per task, such as MTAN), and the
    feature that all tasks share, ``shared``, where it does not.

    Args:
        trunk: returns the taps that the heads read, and says in ``tap_specs`` which.
        heads: task -> head, with ``feature``, ``predict`` and ``feature_channels``.
        out_channels: task -> channels of its output.
    """

    def __init__(self, trunk: nn.Module, heads: Mapping[str, nn.Module], out_channels: Mapping[str, int]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleDict(heads)
        self.tap_specs: dict[str, TapSpec] = dict(trunk.tap_specs)
        self._inputs = {task: input_tap(trunk, task) for task in heads}
        for task, head in heads.items():
            stride = self.tap_specs[self._inputs[task]].stride
            self.tap_specs[f'{task}.feat'] = TapSpec(head.feature_channels, stride)
            self.tap_specs[f'{task}.out'] = TapSpec(out_channels[task], stride)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks it has heads for."""
        return tuple(self.heads)

    @property
    def experts(self) -> tuple[str, ...]:
        """The frozen networks inside the trunk, whose taps a batch may bring along; mostly none."""
        return tuple(getattr(self.trunk, 'experts', ()))

    def forward(self, image: Tensor, cached: Mapping[str, Taps] | None = None) -> Taps:
        """(B, 3, H, W) normalised picture -> every tap of :attr:`tap_specs`; ``cached``: taps of some of the experts."""
        taps = self.trunk(image, cached) if cached else self.trunk(image)
        for task, head in self.heads.items():
            feature = head.feature(taps[self._inputs[task]])
            taps[f'{task}.feat'] = feature
            taps[f'{task}.out'] = head.predict(feature)
        return taps


def input_tap(trunk: nn.Module, task: str) -> str:
    """The tap of ``trunk`` that the head of ``task`` reads."""
    own = f'{task}.in'
    return own if own in trunk.tap_specs else 'shared'


def build_net(cfg: Mapping[str, Any], out_channels: Mapping[str, int]) -> MultiTaskNet:
    """Build a :class:`MultiTaskNet` from a config.

    Args:
        cfg: ``backbone``, ``neck`` and ``head``: registry configs. ``head`` serves every task; ``heads`` may name
            another one for some tasks. In place of backbone and neck, ``trunk``: one of :data:`BACKBONES` that takes the
            ``tasks`` and makes features for each.
        out_channels: task -> channels of its output; these are the net's tasks.

    Raises:
        ValueError: an unknown part in ``cfg``, a trunk that is none, or a head for a task that is not there.
    """
    given = {part for part, value in cfg.items() if value is not None}
    unknown = given - {'backbone', 'neck', 'trunk', 'head', 'heads'}
    own = dict(cfg.get('heads') or {})
    if unknown or ('backbone' in given) == ('trunk' in given) or {'trunk', 'neck'} <= given:
        raise ValueError(f'model.net takes backbone, neck, head and heads, or trunk in place of backbone and neck; it was '
                         f'given {sorted(given)}.')
    if set(own) - set(out_channels):
        raise ValueError(f'model.net.heads names {sorted(set(own) - set(out_channels))}, '
                         f'the tasks are {sorted(out_channels)}.')
    missing = [task for task in out_channels if task not in own and not cfg.get('head')]
    if missing:
        raise ValueError(f'model.net has no head for {missing}: give model.net.head, or model.net.heads[task].')
    trunk = _task_trunk(cfg['trunk'], tuple(out_channels)) if 'trunk' in given else _shared_trunk(cfg)
    heads = {task: HEADS.build({**(own.get(task) or cfg['head']), 'out_channels': channels,
                                'in_channels': trunk.tap_specs[input_tap(trunk, task)].channels})
             for task, channels in out_channels.items()}
    return MultiTaskNet(trunk, heads, out_channels)


def _shared_trunk(cfg: Mapping[str, Any]) -> nn.Module:
    backbone = BACKBONES.build(cfg['backbone'])
    return Trunk(backbone, NECKS.build({'type': 'ConcatNeck', **(cfg.get('neck') or {}),
                                        'in_channels': backbone.channels, 'strides': backbone.strides}))


def _task_trunk(cfg: Mapping[str, Any], tasks: Sequence[str]) -> nn.Module:
    kind = BACKBONES.get(cfg['type'])
    if kind is not None and 'tasks' not in inspect.signature(kind).parameters:
        raise ValueError(f"model.net.trunk: {cfg['type']} makes no features per task; give it as model.net.backbone.")
    return BACKBONES.build({**cfg, 'tasks': tasks})
