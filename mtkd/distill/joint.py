"""MLFD's joint teacher: frozen experts, fused at a level of their features, and a trunk trained on top."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..registry import BACKBONES, TEACHERS
from .teacher import Teacher

LEVELS = {'S1': 0, 'S7': 32, 'S14': 16, 'S28': 8}  # the paper's names at 224 pixels -> stride; 0 is the embedding
ADAPTORS = ('bn_conv1x1', 'none', 'pool')
Fuse = str | Sequence[str] | Mapping[str, str | Sequence[str]]


@BACKBONES.register_module()
class JointTrunk(nn.Module):
    """A trunk of frozen experts up to the fusion level, adaptors, concatenation, and trainable stages.

    Maps: every fused tap goes through batch normalisation and a 1x1 convolution to ``width`` channels, is averaged down
    to the coarsest fused grid, concatenated, normalised, GELU; then one stage per entry of ``channels``, all but the last
    3x3 of stride 2 without bias, the last 1x1, each followed by batch normalisation and GELU: taps ``maps1`` … ``mapsk``;
    their global average is ``shared``, the embedding. Vectors (variant S1) are concatenated unchanged and form ``shared``;
    only the head is then trained.

    The experts are :class:`~mtkd.distill.teacher.Teacher` objects: always in eval mode, with their own normalisation,
    outside the module tree and in no checkpoint. Therefore this trunk is here and not next to the backbones: models must not
    import teachers. The experts use the raw image, so that the model's preprocessor must not change it
    (``data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1))``, checked by the model). A checkpoint contains the fingerprint
    of the experts; loading it with other experts is an error.

    Source: MLFD section 3; variants S1, S7, S14, S28: fact sheet 1.3.2. ``fuse`` by stride, tap names and mixed
    architectures: ours.

    Args:
        tasks: the tasks of the net, one per data set; not used, because the input of every head is ``shared``.
        experts: name -> teacher or its config (``MultiTaskTeacher`` by default).
        fuse: the taps of each expert to fuse: ``'S1'``, ``'S7'``, ``'S14'``, ``'S28'`` (embedding, stride 32, 16, 8),
            ``'stride4'`` (the last trunk tap of that stride), or a tap's name; several in a list; by expert in a dictionary.
        channels: channels of the stages, as those of the students' levels. Empty for vectors.
        width: number of output channels of the adaptors.
        adaptor: ``'bn_conv1x1'``; ``'none'``: taps are concatenated unchanged, which requires equal sizes; ``'pool'``: maps
            are reduced to vectors by global average pooling.

    Raises:
        ValueError: an unknown adaptor or tap; taps that cannot be fused, with both shapes; stages that do not fit.

    Attributes:
        tap_specs: ``maps1`` …, ``shared``.
        sources: (expert, tap) of the fused taps, in order.
    """

    takes_raw = True  # unnormalised images, 0..255

    def __init__(self, tasks: Sequence[str], experts: Mapping[str, Teacher | Mapping[str, Any]], fuse: Fuse,
                 channels: Sequence[int] = (), width: int = 512, adaptor: str = 'bn_conv1x1') -> None:
        super().__init__()
        if adaptor not in ADAPTORS:
            raise ValueError(f"JointTrunk: adaptor='{adaptor}' is unknown; choose one of {', '.join(ADAPTORS)}.")
        if not experts:
            raise ValueError('JointTrunk needs experts: name -> dict(config=...).')
        self.adaptor = adaptor
        self.experts = nn.ModuleDict({name: part if isinstance(part, nn.Module) else _build(part)
                                      for name, part in experts.items()})
        specs = {name: _specs(name, expert) for name, expert in self.experts.items()}
        self.sources = _sources(fuse, specs)
        fused = [specs[name][tap] for name, tap in self.sources]
        self._check(fused, channels)
        self.tap_specs: dict[str, TapSpec] = {}
        if self._are_vectors(fused):
            self.adaptors, self.stages = nn.ModuleList(), nn.ModuleList()
            self.tap_specs['shared'] = TapSpec(sum(spec.channels for spec in fused), 0)
        else:
            self._build_trunk(fused, tuple(channels), width)
        self.register_buffer('experts_hash', self._fingerprint())

    def _are_vectors(self, fused: Sequence[TapSpec]) -> bool:
        return self.adaptor == 'pool' or fused[0].stride == 0

    def _check(self, fused: Sequence[TapSpec], channels: Sequence[int]) -> None:
        """Raise an error if the taps cannot be fused."""
        first = self.sources[0], fused[0]
        for source in zip(self.sources, fused, strict=True):
            both = f'{_shape(*first)} and {_shape(*source)}'
            if self.adaptor != 'pool' and (source[1].stride == 0) != (fused[0].stride == 0):
                raise ValueError(f"JointTrunk cannot fuse {both}: use adaptor='pool'.")
            if self.adaptor == 'none' and source[1].stride != fused[0].stride:
                raise ValueError(f"JointTrunk cannot concatenate {both}: use adaptor='bn_conv1x1', which average-pools to "
                                 f'the coarser grid.')
        if bool(channels) == self._are_vectors(fused):
            wrong = 'maps need at least one stage: give its channels with channels=' if not channels else \
                'vectors are only concatenated: remove channels='
            raise ValueError(f'JointTrunk on {_shape(*first)}: {wrong}.')

    def _build_trunk(self, fused: Sequence[TapSpec], channels: Sequence[int], width: int) -> None:
        self.adaptors = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(spec.channels), nn.Conv2d(spec.channels, width, 1)) for spec in fused
        ) if self.adaptor == 'bn_conv1x1' else nn.ModuleList()
        wide = width * len(fused) if self.adaptors else sum(spec.channels for spec in fused)
        self.fusion_norm = nn.Sequential(nn.BatchNorm2d(wide), nn.GELU())
        stride = max(spec.stride for spec in fused)
        self.stages = nn.ModuleList()
        for number, out in enumerate(channels, 1):
            last = number == len(channels)
            conv = nn.Conv2d(wide, out, 1) if last else nn.Conv2d(wide, out, 3, 2, 1, bias=False)
            self.stages.append(nn.Sequential(conv, nn.BatchNorm2d(out), nn.GELU()))
            wide, stride = out, stride if last else 2 * stride
            self.tap_specs[f'maps{number}'] = TapSpec(out, stride)
        self.tap_specs['shared'] = TapSpec(wide, 0)

    def forward(self, image: Tensor, cached: Mapping[str, Taps] | None = None) -> Taps:
        """Run the experts, the fusion and the stages.

        Args:
            image: (B, 3, H, W), 0..255, not normalised.
            cached: expert -> its taps, which is then not run.

        Returns:
            The taps of :attr:`tap_specs`.
        """
        picture = image if image.dtype == torch.uint8 else image.clamp(0, 255).to(torch.uint8)
        seen = {name: self._look(name, picture, cached or {}) for name in self.experts}
        fused = [seen[name][tap] for name, tap in self.sources]
        if self.adaptor == 'pool':
            fused = [tap if tap.ndim == 2 else tap.mean((2, 3)) for tap in fused]
        if not self.stages:
            return {'shared': torch.cat(fused, 1)}
        return self._run(fused)

    def _run(self, fused: Sequence[Tensor]) -> Taps:
        if self.adaptors:
            fused = [adaptor(tap) for adaptor, tap in zip(self.adaptors, fused, strict=True)]
        size = tuple(min(sides) for sides in zip(*(tap.shape[2:] for tap in fused), strict=True))
        feature = self.fusion_norm(torch.cat([_averaged(tap, size) for tap in fused], 1))
        taps: Taps = {}
        for number, stage in enumerate(self.stages, 1):
            feature = taps[f'maps{number}'] = stage(feature)
        taps['shared'] = feature.mean((2, 3))
        return taps

    def needed_taps(self, expert: str) -> tuple[str, ...]:
        """The fused taps of an expert, which a cache has to contain."""
        return tuple(dict.fromkeys(tap for name, tap in self.sources if name == expert))

    def _look(self, name: str, picture: Tensor, cached: Mapping[str, Taps]) -> Taps:
        """An expert's taps, cached or computed, in the trunk's precision."""
        needed, given = self.needed_taps(name), cached.get(name, {})
        taps = given if all(tap in given for tap in needed) else self.experts[name](picture, needed)
        own = next((p.dtype for p in self.parameters()), torch.float32 if taps is given else None)
        return {tap: taps[tap] if own is None else taps[tap].to(own) for tap in needed}

    def _fingerprint(self) -> Tensor:
        """(experts, 32) uint8: hashes of the experts' weights; zeros on the meta device."""
        weights = [p for expert in self.experts.values() for p in expert.net.parameters()]
        if any(p.is_meta for p in weights):
            return torch.zeros(len(self.experts), 32, dtype=torch.uint8, device='meta')
        return torch.tensor([list(bytes.fromhex(expert.weights_hash())) for expert in self.experts.values()],
                            dtype=torch.uint8)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """Raise an error if the weights were trained on other experts."""
        theirs = state_dict.get(f'{prefix}experts_hash')
        if theirs is not None and theirs.shape == self.experts_hash.shape:
            self.experts_hash.copy_(self._fingerprint())  # they may have been given other weights since
            other = (theirs.cpu() != self.experts_hash.cpu()).any(1).tolist()
            names = [name for name, differs in zip(self.experts, other, strict=True) if differs]
            if names:
                raise ValueError(f"this joint teacher was trained with other weights of the expert{'s' * (len(names) > 1)} "
                                 f"{', '.join(names)}: give it the experts it was trained with, or train it again.")
        super()._load_from_state_dict(state_dict, prefix, *args)


def _build(cfg: Mapping[str, Any]) -> Teacher:
    return TEACHERS.build({'type': 'MultiTaskTeacher', **cfg})


def _specs(name: str, expert: nn.Module) -> dict[str, TapSpec]:
    specs = expert.tap_specs
    if specs is None:
        raise ValueError(f"JointTrunk: expert '{name}' does not declare its taps (tap_specs).")
    return specs


def _sources(fuse: Fuse, specs: Mapping[str, Mapping[str, TapSpec]]) -> list[tuple[str, str]]:
    """(expert, tap) of all fused taps."""
    by_expert = fuse if isinstance(fuse, Mapping) else dict.fromkeys(specs, fuse)
    wrong = set(by_expert) ^ set(specs)
    if wrong:
        raise ValueError(f"JointTrunk: fuse names {', '.join(by_expert)}, but the experts are {', '.join(specs)}.")
    sources = []
    for name in specs:
        given = by_expert[name]
        sources += [(name, _tap(name, level, specs[name])) for level in ([given] if isinstance(given, str) else given)]
    return sources


def _tap(expert: str, level: str, specs: Mapping[str, TapSpec]) -> str:
    """The tap of a level."""
    if level in specs:
        return level
    named = re.fullmatch(r'stride(\d+)', level)
    stride = int(named[1]) if named else LEVELS.get(level)
    trunk = [tap for tap, spec in specs.items() if tap.split('.')[0] in ('trunk', 'shared') and spec.stride == stride]
    if stride is None or not trunk:
        known = ', '.join(f'{tap} (stride {spec.stride})' for tap, spec in specs.items())
        raise ValueError(f"JointTrunk: expert '{expert}' has no '{level}'; it has {known}.")
    return trunk[-1]


def _shape(source: tuple[str, str], spec: TapSpec) -> str:
    size = '' if spec.stride == 0 else f', H/{spec.stride}, W/{spec.stride}'
    return f'{source[0]}:{source[1]} (B, {spec.channels}{size})'


def _averaged(tap: Tensor, size: tuple[int, ...]) -> Tensor:
    return tap if tap.shape[2:] == size else F.adaptive_avg_pool2d(tap, size)
