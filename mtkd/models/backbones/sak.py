"""Swiss Army Knife: a shared transformer, a path of adapters for each teacher, and routers that mix them for each task."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...registry import BACKBONES
from ...structures import Size
from ..blocks.adapters import AdapterPath, RepresentationRouter
from ..blocks.plain_transformer import FINER, as_map, embedded, plain_transformer
from ..net import Taps, TapSpec


class LevelFusion(nn.Module):
    """A task's features of all layers in one: each narrowed by a 1x1 convolution, made finer, concatenated.

    Source: ``DecodeHead`` of innovator-zero/SAK c468ae9, ``models/heads.py``, up to its first 3x3 convolution, with which
    ``FCNHead(activation='gelu')`` goes on.

    Args:
        channels: of a layer, and of what goes out.
        layers: how many; they divide the channels.
    """

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.narrow = nn.ModuleList(nn.Conv2d(channels, channels // layers, 1) for _ in range(layers))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Maps (B, C, h, w) -> (B, C, 4 h, 4 w)."""
        narrow = torch.cat([part(feature) for part, feature in zip(self.narrow, features, strict=True)], 1)
        return F.interpolate(narrow, scale_factor=float(FINER), mode='bilinear', align_corners=False)


@BACKBONES.register_module()
class SAKTrunk(nn.Module):
    """A plain transformer for all teachers, adapters that keep what is particular to each, and routers for the tasks.

    A teacher's path (:class:`~mtkd.models.blocks.adapters.AdapterPath`) starts from the embedding and goes on behind every
    block. At each of the backbone's ``out_indices`` it is read, ``<teacher>.path0``, …: what a link compares with the
    teacher's layer, by a projector where channels differ (the paper's aligner is ``Linear1x1``). There a task's router
    (:class:`~mtkd.models.blocks.adapters.RepresentationRouter`) mixes the transformer's feature and all paths,
    ``<task>.scale0``, …; the layers in one (:class:`LevelFusion`) are ``<task>.in``::

        trunk=dict(type='SAKTrunk', teachers=['dino', 'clip'], backbone=dict(type='TimmBackbone', …)),
        head=dict(type='FCNHead', channels=768, activation='gelu')
        links=[dict(task='semseg', student='dino.path3', teacher='dino:trunk.3', name='dino_3',
                    loss=dict(type='RadioSpatial', over='image'))]

    Taps besides: ``trunk.0``, …, the transformer's maps; ``<task>.weights0``, …, (B, 1 + teachers), the router's weights,
    the transformer's first. There is no tap ``shared``: balances of gradients take ``level='params'``. Paths are part of the
    network, and of its cost when it is deployed.

    Source: Lu, Cao and Wang, ICLR 2025; innovator-zero/SAK c468ae9, ``SAK`` and ``DecodeHead``, whose outputs and gradients
    these are with its weights. Not built: the first of the paper's two stages, distillation on ImageNet
    without tasks. Ours: images of any size.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of a ``TimmBackbone``: a plain vision transformer.
        teachers: names of the paths.
        down: see :class:`~mtkd.models.blocks.adapters.Adapter`.
        noisy: routers' scores get noise in training.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: no tasks, teachers or backbone, a name that is both a task's and a teacher's, a backbone that is no plain
            vision transformer, or channels that its layers or ``down`` do not divide.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None, teachers: Sequence[str] = (),
                 down: int = 4, noisy: bool = True) -> None:
        super().__init__()
        if not tasks or not teachers or backbone is None:
            raise ValueError(f'SAKTrunk mixes paths of teachers for tasks: it is a trunk, give it as model.net.trunk with '
                             f"teachers=['a', 'b'] and backbone=dict(type='TimmBackbone', …); it was given the tasks "
                             f'{list(tasks)} and the teachers {list(teachers)}.')
        if set(tasks) & set(teachers) or len(set(teachers)) < len(teachers):
            raise ValueError(f'SAKTrunk: the teachers {list(teachers)} need names of their own, other than the tasks '
                             f'{list(tasks)}.')
        self.backbone = BACKBONES.build(dict(backbone))
        model = plain_transformer('SAKTrunk', self.backbone, str(backbone.get('name', backbone['type'])),
                                  'adapters go beside its blocks')
        channels, stride = model.embed_dim, self.backbone.strides[0]
        self.layers = [int(i) for i in self.backbone.body.out_indices]
        if down < 1 or channels % down or channels % len(self.layers):
            raise ValueError(f'SAKTrunk: {channels} channels, down={down}, {len(self.layers)} layers; both must divide the '
                             f'channels.')
        self.paths = nn.ModuleDict({name: AdapterPath(channels, len(model.blocks), self.layers, down) for name in teachers})
        self.routers = nn.ModuleDict({task: nn.ModuleList(RepresentationRouter(channels, 1 + len(teachers), noisy)
                                                          for _ in self.layers) for task in tasks})
        self.fusions = nn.ModuleDict({task: LevelFusion(channels, len(self.layers)) for task in tasks})
        self.tap_specs: dict[str, TapSpec] = {}
        for i in range(len(self.layers)):
            maps = ['trunk.' + str(i), *(f'{name}.path{i}' for name in teachers), *(f'{task}.scale{i}' for task in tasks)]
            self.tap_specs.update(dict.fromkeys(maps, TapSpec(channels, stride)))
            self.tap_specs.update({f'{task}.weights{i}': TapSpec(1 + len(teachers), 0) for task in tasks})
        self.tap_specs.update({f'{task}.in': TapSpec(channels, stride // FINER) for task in tasks})

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        model = self.backbone.body.model
        tokens, size = embedded(self.backbone, image)
        paths = {name: path.first(tokens) for name, path in self.paths.items()}
        taps: Taps = {}
        for i, block in enumerate(model.blocks):
            tokens = block(tokens)
            paths = {name: path.step(i, paths[name], tokens) for name, path in self.paths.items()}
            if i in self.layers:
                read = {name: path.read(i, paths[name]) for name, path in self.paths.items()}
                places = [part[:, model.num_prefix_tokens:] for part in (tokens, *read.values())]
                taps.update(self._read(self.layers.index(i), places, size))
        for task, fusion in self.fusions.items():
            taps[f'{task}.in'] = fusion([taps[f'{task}.scale{i}'] for i in range(len(self.layers))])
        return taps

    def _read(self, level: int, places: Sequence[Tensor], size: Size) -> Taps:
        """The taps of one layer, from the places of the transformer and of each path, (B, h w, C)."""
        names = [f'trunk.{level}', *(f'{name}.path{level}' for name in self.paths)]
        taps = {name: as_map(part, size) for name, part in zip(names, places, strict=True)}
        for task, routers in self.routers.items():
            mixed, taps[f'{task}.weights{level}'] = routers[level](places)
            taps[f'{task}.scale{level}'] = as_map(mixed, size)
        return taps
