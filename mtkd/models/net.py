"""The network: a trunk all tasks share and one head a task, its inner tensors returned as named taps. Pure torch."""

from collections.abc import Mapping
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

    Args:
        trunk: returns the taps that the heads read, ``shared`` among them.
        heads: task -> head, with ``feature``, ``predict`` and ``feature_channels``.
        out_channels: task -> channels of its output.
    """

    def __init__(self, trunk: nn.Module, heads: Mapping[str, nn.Module], out_channels: Mapping[str, int]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleDict(heads)
        self.tap_specs: dict[str, TapSpec] = dict(trunk.tap_specs)
        stride = self.tap_specs['shared'].stride
        for task, head in heads.items():
            self.tap_specs[f'{task}.feat'] = TapSpec(head.feature_channels, stride)
            self.tap_specs[f'{task}.out'] = TapSpec(out_channels[task], stride)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks it has heads for."""
        return tuple(self.heads)

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised picture -> every tap of :attr:`tap_specs`."""
        taps = self.trunk(image)
        for task, head in self.heads.items():
            feature = head.feature(taps['shared'])
            taps[f'{task}.feat'] = feature
            taps[f'{task}.out'] = head.predict(feature)
        return taps


def build_net(cfg: Mapping[str, Any], out_channels: Mapping[str, int]) -> MultiTaskNet:
    """Build a :class:`MultiTaskNet` from a config.

    Args:
        cfg: ``backbone``, ``neck`` and ``head``: registry configs. ``head`` serves every task; ``heads`` may name
            another one for some tasks.
        out_channels: task -> channels of its output; these are the net's tasks.

    Raises:
        ValueError: an unknown part in ``cfg``, or a head for a task that is not there.
    """
    unknown = set(cfg) - {'backbone', 'neck', 'head', 'heads'}
    own = dict(cfg.get('heads') or {})
    if unknown or 'backbone' not in cfg:
        raise ValueError(f'model.net takes backbone, neck, head and heads; it was given {sorted(cfg)}.')
    if set(own) - set(out_channels):
        raise ValueError(f'model.net.heads names {sorted(set(own) - set(out_channels))}, '
                         f'the tasks are {sorted(out_channels)}.')
    missing = [task for task in out_channels if task not in own and not cfg.get('head')]
    if missing:
        raise ValueError(f'model.net has no head for {missing}: give model.net.head, or model.net.heads[task].')
    backbone = BACKBONES.build(cfg['backbone'])
    neck = NECKS.build({'type': 'ConcatNeck', **(cfg.get('neck') or {}),
                        'in_channels': backbone.channels, 'strides': backbone.strides})
    trunk = Trunk(backbone, neck)
    heads = {task: HEADS.build({**(own.get(task) or cfg['head']), 'in_channels': neck.out_channels,
                                'out_channels': channels})
             for task, channels in out_channels.items()}
    return MultiTaskNet(trunk, heads, out_channels)
