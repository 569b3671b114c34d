"""Swiss Army Knife (SAK): a shared transformer, an adapter path per teacher, and routers that mix them for each task."""

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
    """Fuses a task's features of all layers: a 1x1 convolution reduces each, they are concatenated and upsampled by 4.

    Source: ``DecodeHead`` in ``models/heads.py`` of innovator-zero/SAK (c468ae9), up to its first 3x3 convolution. The rest
    is ``FCNHead(activation='gelu')``.

    Args:
        channels: C, the number of channels of each layer and of the output.
        layers: number of layers, a divisor of ``channels``.
    """

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.narrow = nn.ModuleList(nn.Conv2d(channels, channels // layers, 1) for _ in range(layers))

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """One (B, C, h, w) per layer -> (B, C, 4 h, 4 w)."""
        narrow = torch.cat([part(feature) for part, feature in zip(self.narrow, features, strict=True)], 1)
        return F.interpolate(narrow, scale_factor=float(FINER), mode='bilinear', align_corners=False)


@BACKBONES.register_module()
class SAKTrunk(nn.Module):
    """A plain vision transformer shared by all teachers, an adapter path per teacher, and routers per task.

    The path of a teacher (:class:`~mtkd.models.blocks.adapters.AdapterPath`) starts at the patch embedding and is updated
    after every block. Its output at each of the backbone's ``out_indices`` is a tap, ``<teacher>.path0``, …, which a link
    compares with a layer of the teacher; if the numbers of channels differ, the link needs a projector (``Linear1x1`` in
    the paper). At the same layers, the router of a task (:class:`~mtkd.models.blocks.adapters.RepresentationRouter`) mixes
    the transformer's feature and all paths into ``<task>.scale0``, …; :class:`LevelFusion` combines these into
    ``<task>.in``::

        trunk=dict(type='SAKTrunk', teachers=['dino', 'clip'], backbone=dict(type='TimmBackbone', …)),
        head=dict(type='FCNHead', channels=768, activation='gelu')
        links=[dict(task='semseg', student='dino.path3', teacher='dino:trunk.3', name='dino_3',
                    loss=dict(type='RadioSpatial', over='image'))]

    Further taps: ``trunk.0``, …, the transformer's maps; ``<task>.weights0``, …, (B, 1 + teachers), the router's weights,
    that of the transformer first. There is no tap ``shared``, so gradient balances need ``level='params'``. The paths stay
    in the deployed network and count towards its cost.

    Source: Lu, Cao and Wang, ICLR 2025. Outputs and gradients equal those of innovator-zero/SAK (c468ae9), ``SAK`` and
    ``DecodeHead``, with its weights. The first of the paper's two training stages, distillation on ImageNet without tasks,
    is not implemented. Addition: images of any size.

    Args:
        tasks: the tasks' names; given by the network.
        backbone: config of a ``TimmBackbone``: a plain vision transformer.
        teachers: names of the paths.
        down: see :class:`~mtkd.models.blocks.adapters.Adapter`.
        noisy: add noise to the routers' scores in training.

    Attributes:
        tap_specs: channels and stride of every tap.

    Raises:
        ValueError: no tasks, teachers or backbone, a teacher's name that is used twice or is also a task's, a backbone that
            is not a plain vision transformer, or channels that are not divisible by ``down`` and the number of layers.
    """

    def __init__(self, tasks: Sequence[str] = (), backbone: Mapping[str, Any] | None = None, teachers: Sequence[str] = (),
                 down: int = 4, noisy: bool = True) -> None:
        super().__init__()
        if not tasks or not teachers or backbone is None:
            raise ValueError(f'SAKTrunk mixes the paths of teachers for each task: it is a trunk, set it as model.net.trunk '
                             f"with teachers=['a', 'b'] and backbone=dict(type='TimmBackbone', …); it was given the tasks "
                             f'{list(tasks)} and the teachers {list(teachers)}.')
        if set(tasks) & set(teachers) or len(set(teachers)) < len(teachers):
            raise ValueError(f'SAKTrunk: the names of the teachers {list(teachers)} must be unique and differ from those of '
                             f'the tasks {list(tasks)}.')
        self.backbone = BACKBONES.build(dict(backbone))
        model = plain_transformer('SAKTrunk', self.backbone, str(backbone.get('name', backbone['type'])),
                                  'it adds adapters between the blocks')
        channels, stride = model.embed_dim, self.backbone.strides[0]
        self.layers = [int(i) for i in self.backbone.body.out_indices]
        if down < 1 or channels % down or channels % len(self.layers):
            raise ValueError(f'SAKTrunk: {channels} channels must be divisible by down={down} and by the number of layers, '
                             f'{len(self.layers)}.')
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
        """The taps of one layer, from the tokens (B, h w, C) of the transformer and of each path."""
        names = [f'trunk.{level}', *(f'{name}.path{level}' for name in self.paths)]
        taps = {name: as_map(part, size) for name, part in zip(names, places, strict=True)}
        for task, routers in self.routers.items():
            mixed, taps[f'{task}.weights{level}'] = routers[level](places)
            taps[f'{task}.scale{level}'] = as_map(mixed, size)
        return taps
