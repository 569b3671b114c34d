"""The network: a shared trunk and one head per task. It returns inner tensors as named taps. Pure PyTorch."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..registry import BACKBONES, HEADS, NECKS, Registry
from .dropout import Dropout

Taps = dict[str, Tensor]  # 'trunk.2', 'shared', 'semseg.feat', 'semseg.out', …


@dataclass(frozen=True)
class TapSpec:
    """Description of a tap, known before any forward pass.

    Attributes:
        channels: number of channels.
        stride: stride relative to the image; 0 for a vector per image.
    """

    channels: int
    stride: int


class Trunk(nn.Module):
    """Backbone and neck: image -> ``trunk.0``, ``trunk.1``, … and ``shared``.

    Args:
        backbone: has ``channels`` and ``strides`` and returns a list of maps.
        neck: has ``out_channels`` and ``stride`` and maps that list to one map; or has ``tap_specs`` and maps it to those
            taps, including ``shared`` and ``<task>.in`` (a neck that produces a feature per task, such as PAD-Net's).
    """

    def __init__(self, backbone: nn.Module, neck: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.tap_specs = {f'trunk.{i}': TapSpec(c, s)
                          for i, (c, s) in enumerate(zip(backbone.channels, backbone.strides, strict=True))}
        own = getattr(neck, 'tap_specs', None)
        self.tap_specs.update(own or {'shared': TapSpec(neck.out_channels, neck.stride)})

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> the trunk's taps."""
        features = self.backbone(image)
        taps = {f'trunk.{i}': feature for i, feature in enumerate(features)}
        made = self.neck(features)
        return {**taps, **(made if isinstance(made, Mapping) else {'shared': made})}

    def begin_step(self, progress: float) -> None:
        """See :meth:`MultiTaskNet.begin_step`."""
        begin = getattr(self.neck, 'begin_step', None)
        if begin:
            begin(progress)

    def penalties(self, taps: Taps) -> dict[str, tuple[Tensor, Tensor]]:
        """The penalties of the neck, see :meth:`MultiTaskNet.penalties`."""
        own = getattr(self.neck, 'penalties', None)
        return own(taps) if own else {}


class MultiTaskNet(nn.Module):
    """A trunk and one head per task. It contains no loss; its state dict is the complete deployed model.

    The input of a head is ``<task>.in`` if the trunk provides it (a trunk that produces a feature per task, such as MTAN),
    otherwise the shared feature ``shared``. Taps named ``<task>.aux…`` are auxiliary predictions, which the model supervises
    in addition to ``<task>.out``.

    Args:
        trunk: returns the input taps of the heads and describes them in ``tap_specs``.
        heads: task -> head, with ``feature``, ``predict`` and ``feature_channels``.
        out_channels: task -> channels of its output.

    Attributes:
        tap_specs: channels and stride of every tap.
        aux_taps: task -> its auxiliary predictions.
    """

    def __init__(self, trunk: nn.Module, heads: Mapping[str, nn.Module], out_channels: Mapping[str, int]) -> None:
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleDict(heads)
        self.tap_specs: dict[str, TapSpec] = dict(trunk.tap_specs)
        self.aux_taps = {task: tuple(tap for tap in trunk.tap_specs if tap.startswith(f'{task}.aux')) for task in heads}
        self._inputs = {task: input_tap(trunk, task) for task in heads}
        self._dropouts = {task: [part for part in head.modules() if isinstance(part, Dropout)]
                          for task, head in heads.items()}
        for task, head in heads.items():
            _check_frames(trunk, task, head)
            stride = self.tap_specs[self._inputs[task]].stride
            self.tap_specs[f'{task}.feat'] = TapSpec(head.feature_channels, stride)
            self.tap_specs[f'{task}.out'] = TapSpec(out_channels[task], getattr(head, 'out_stride', stride))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks with a head."""
        return tuple(self.heads)

    @property
    def experts(self) -> tuple[str, ...]:
        """The frozen networks inside the trunk, whose taps may be cached in a batch; usually none."""
        return tuple(getattr(self.trunk, 'experts', ()))

    def forward(self, image: Tensor, cached: Mapping[str, Taps] | None = None,
                rows: Mapping[str, Tensor] | None = None) -> Taps:
        """Run the trunk on all images and each head on its rows.

        Args:
            image: (B, 3, H, W) normalised images.
            cached: taps of some of the experts.
            rows: task -> (R,) int64, the samples on which its head runs; a missing task runs on all.

        Returns:
            Every tap of :attr:`tap_specs`; ``<task>.feat`` and ``<task>.out`` contain the rows of the task.
        """
        taps = self.trunk(image, cached) if cached else self.trunk(image)
        for task, head in self.heads.items():
            given, own = taps[self._inputs[task]], (rows or {}).get(task)
            for dropout in self._dropouts[task]:
                if own is not None or dropout.selects:  # otherwise it keeps the rows of an earlier batch
                    dropout.of(own, len(given))
            feature = head.feature(given if own is None else given.index_select(0, own))
            taps[f'{task}.feat'] = feature
            taps[f'{task}.out'] = head.predict(feature)
        return taps

    def begin_step(self, progress: float) -> None:
        """Pass the completed fraction of the training, 0 to 1, to a trunk with a schedule."""
        begin = getattr(self.trunk, 'begin_step', None)
        if begin:
            begin(progress)

    def penalties(self, taps: Taps) -> dict[str, tuple[Tensor, Tensor]]:
        """Label-free loss terms of the network: name -> (value, weight in the loss), both (); usually none.

        Args:
            taps: the taps of the network for the batch.
        """
        own = getattr(self.trunk, 'penalties', None)
        return own(taps) if own else {}


def _check_frames(trunk: nn.Module, task: str, head: nn.Module) -> None:
    """Raise an error for an image head on a trunk that returns a feature per frame of a clip, and vice versa."""
    gives, takes = getattr(trunk, 'gives_frames', False), getattr(head, 'takes_frames', False)
    if gives and not takes:
        raise ValueError(f"the head of '{task}' is a {type(head).__name__}, but {type(trunk).__name__} returns a feature "
                         f"per frame: wrap the head, as in head=dict(type='FrameMeanHead', head=dict(type=...)), or use "
                         f"TemporalPoolHead.")
    if takes and not gives:
        raise ValueError(f"the head of '{task}' is a {type(head).__name__}, which needs a feature per frame: set "
                         f"model.net.trunk=dict(type='FrameTrunk', backbone=...) instead of backbone and neck.")


def input_tap(trunk: nn.Module, task: str) -> str:
    """The tap of ``trunk`` that is the input of the head of ``task``."""
    own = f'{task}.in'
    return own if own in trunk.tap_specs else 'shared'


def build_net(cfg: Mapping[str, Any], out_channels: Mapping[str, int]) -> MultiTaskNet:
    """Build a :class:`MultiTaskNet` from a config.

    Args:
        cfg: ``backbone``, ``neck`` and ``head``: registry configs. ``head`` is used for every task; ``heads`` may override
            it for some tasks. A neck that produces features for each task receives the ``out_channels``. Instead of backbone
            and neck, ``trunk``: one of :data:`BACKBONES` that takes the ``tasks`` and produces features for each.
        out_channels: task -> channels of its output; these define the tasks of the network.

    Raises:
        ValueError: an unknown part in ``cfg``, an invalid trunk, or a head for an unknown task.
    """
    given = {part for part, value in cfg.items() if value is not None}
    unknown = given - {'backbone', 'neck', 'trunk', 'head', 'heads'}
    own = dict(cfg.get('heads') or {})
    if unknown or ('backbone' in given) == ('trunk' in given) or {'trunk', 'neck'} <= given:
        raise ValueError(f'model.net takes backbone, neck, head and heads, or trunk instead of backbone and neck; it was '
                         f'given {sorted(given)}.')
    if set(own) - set(out_channels):
        raise ValueError(f'model.net.heads has the unknown tasks {sorted(set(own) - set(out_channels))}; '
                         f'the tasks are {sorted(out_channels)}.')
    missing = [task for task in out_channels if task not in own and not cfg.get('head')]
    if missing:
        raise ValueError(f'model.net has no head for {missing}: set model.net.head, or model.net.heads[task].')
    trunk = _task_trunk(cfg['trunk'], out_channels) if 'trunk' in given else _shared_trunk(cfg, out_channels)
    heads = {task: HEADS.build({**(own.get(task) or cfg['head']), 'out_channels': channels,
                                'in_channels': trunk.tap_specs[input_tap(trunk, task)].channels})
             for task, channels in out_channels.items()}
    return MultiTaskNet(trunk, heads, out_channels)


def _shared_trunk(cfg: Mapping[str, Any], out_channels: Mapping[str, int]) -> nn.Module:
    backbone = BACKBONES.build(cfg['backbone'])
    neck = {'type': 'ConcatNeck', **(cfg.get('neck') or {})}
    told = {'out_channels': dict(out_channels)} if 'out_channels' in _arguments(NECKS, neck['type']) else {}
    return Trunk(backbone, NECKS.build({**neck, **told, 'in_channels': backbone.channels, 'strides': backbone.strides}))


def _task_trunk(cfg: Mapping[str, Any], out_channels: Mapping[str, int]) -> nn.Module:
    arguments = _arguments(BACKBONES, cfg['type'])
    if arguments and 'tasks' not in arguments:
        raise ValueError(f"model.net.trunk: {cfg['type']} does not compute features per task; set it as "
                         f"model.net.backbone.")
    return BACKBONES.build({**cfg, 'tasks': tuple(out_channels)})


def _arguments(registry: Registry, name: str) -> set[str]:
    """The argument names of a registered class; empty for an unknown one."""
    kind = registry.get(name)
    return set() if kind is None else set(inspect.signature(kind).parameters)
