"""Use any timm feature extractor as a backbone."""

import itertools
import re
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import huggingface_hub
import timm
import torch
from timm.layers import freeze_batch_norm_2d
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from ...registry import BACKBONES
from ...structures import Size
from ..known_weights import find, how_to_install, package_weights, scale_of, usual_scale
from ..weights_file import prefix_hint, read_weights
from .hrnet import fuse_any_size
from .stem import set_stem_stride

_NORMS = ('batch', 'group', 'frozen')
_ORDINARY = (224, 224)
_AGREES: set[str] = set()  # ways to build a network whose features have been compared with timm's description
_OF_SHAPES = re.compile(r'size of tensor|[Ss]izes of tensors|shape')


@BACKBONES.register_module()
class TimmBackbone(nn.Module):
    """Multi-scale features of a timm model, channels first, for images of any size.

    Images are padded with zeros at the right and bottom to a multiple of ``pad_multiple`` (the patches of Swin need a
    multiple of 4: 425 becomes 428). HRNet's branches are resized to the size of the other branch instead of by a fixed
    factor, so that odd sizes work and have the cost stated in the paper (fact sheet 1.1.6).

    Args:
        name: timm model name, such as ``'resnet18'``.
        pretrained: load timm's weights: from the hub or its local cache or, if neither has them, from an installed package
            (see ``weights``).
        checkpoint: local file with weights for this backbone; a state dict as timm saves it, or one under
            ``'state_dict'`` or ``'model'``. Keys of a classifier are ignored; all others must fit. Position embeddings of a
            plain transformer for another image size are resized.
        weights: explicit source of the pretrained weights: ``'package'``, an installed package of
            :mod:`~mtkd.models.known_weights` (no network is needed); ``'hub'``, timm's hub or its local cache; or a file, as
            ``checkpoint``. Excludes ``pretrained`` and ``checkpoint``.
        out_indices: which of timm's feature levels to return, ascending: finest first.
        stage_norm: put a LayerNorm on every returned stage, as dense Swin recipes do; ``'last'``: only on the last one, as a
            replacement for the final norm of a plain transformer, which timm omits.
        norm: ``'batch'`` as timm builds it; ``'group'`` replaces BatchNorm by GroupNorm (results then do not depend on
            how a batch is spread over ranks); ``'frozen'`` fixes BatchNorm's statistics and affine parameters.
        pad_multiple: pad images to a multiple of this many pixels.
        stem_stride: stride of the stem instead of the usual 4 (or 2), for small images; see
            :func:`~mtkd.models.backbones.stem.set_stem_stride`. Transformers take ``patch_size`` instead.
        **kwargs: passed to ``timm.create_model`` (``drop_path_rate``, ``feature_location``, …).

    Attributes:
        channels: number of channels of each returned level.
        strides: stride of each returned level relative to the image.
        scale: the normalisation (mean, std per channel, 0..255) of the weights; None if it is unknown.
        usual_scale: the normalisation that timm states for its own weights of this network, if these or a file are
            requested; used by default, and a different one causes a warning.

    Raises:
        ValueError: an unknown model or norm, levels that are not ascending, more than one source of weights, weights that do
            not fit, or a model whose features differ from timm's description in number, channels, layout or stride.
        FileNotFoundError: ``checkpoint``, or the package that holds the weights, does not exist.
        ConnectionError: the weights can neither be fetched nor found in a package.
    """

    def __init__(self, name: str, pretrained: bool = False, checkpoint: str | None = None,
                 out_indices: Sequence[int] = (1, 2, 3, 4), stage_norm: bool | str = False, norm: str = 'batch',
                 pad_multiple: int = 1, stem_stride: int | None = None, weights: str | None = None, **kwargs: Any) -> None:
        super().__init__()
        if weights is not None and (pretrained or checkpoint is not None):
            raise ValueError(f"backbone {name}: weights='{weights}' already names the source of the weights; remove "
                             f'pretrained and checkpoint.')
        pretrained = pretrained and checkpoint is None
        if norm not in _NORMS:
            raise ValueError(f"backbone {name}: norm='{norm}' is unknown; choose one of {', '.join(_NORMS)}.")
        if stage_norm not in (False, True, 'last'):
            raise ValueError(f"backbone {name}: stage_norm='{stage_norm}' is unknown; give True, False or 'last'.")
        if not timm.is_model(name):
            near = timm.list_models(f'*{name.split("_")[0]}*')[:5]
            raise ValueError(f"timm has no model named '{name}'; nearest: {', '.join(near) or 'none'}.")
        _check_ascending(name, out_indices)
        self.name = name
        self.scale = scale_of(name, weights, pretrained)
        self.usual_scale = usual_scale(name) if pretrained or checkpoint is not None or weights is not None else None
        file = checkpoint if weights in (None, 'package', 'hub') else weights
        stored: Mapping[str, Tensor] | None = None
        if weights == 'package':
            stored = package_weights(name)
        if pretrained or weights == 'hub':
            self.body, stored = _from_hub(name, tuple(out_indices), kwargs, or_package=pretrained)
        else:
            self.body = _create(name, tuple(out_indices), kwargs)
        self.channels: list[int] = list(self.body.feature_info.channels())
        finer = 1 if stem_stride is None else set_stem_stride(self.body, stem_stride)
        self.strides: list[int] = [stride // finer for stride in self.body.feature_info.reduction()]
        self.pad_multiple = pad_multiple
        self._channels_last = str(getattr(self.body, 'output_fmt', 'NCHW')).endswith('NHWC')
        fuse_any_size(self.body)
        normed = range(len(self.channels) - 1 if stage_norm == 'last' else 0, len(self.channels))
        self.stage_norms = nn.ModuleList(nn.LayerNorm(c) if i in normed else nn.Identity()
                                         for i, c in enumerate(self.channels)) if stage_norm else None
        if norm == 'group':
            _batch_to_group_norm(self.body)
        if file is not None:
            _fill(self.body, name, _read(name, Path(file)), file)
        elif stored is not None:
            _fill(self.body, name, stored, 'the package')
        if norm == 'frozen':
            self.body = freeze_batch_norm_2d(self.body)
        self._check_what_timm_says(kwargs)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, 3, H, W) normalised image -> one (B, C_i, ceil(H / s_i), ceil(W / s_i)) map per level."""
        features = self.body(self.padded(image))
        if self.stage_norms is not None:
            features = [norm(f if self._channels_last else f.movedim(1, -1)).movedim(-1, 1)
                        for norm, f in zip(self.stage_norms, features, strict=True)]
        elif self._channels_last:
            features = [f.movedim(-1, 1) for f in features]
        return list(features)

    def check_size(self, size: Size) -> None:
        """Check an image size, including padding, on the meta device: nothing is computed.

        Args:
            size: (height, width).

        Raises:
            ValueError: the model only supports another size, the size is not divisible by its patches or windows, or its
                features have channels, a layout or a stride other than timm states.
        """
        try:
            features = self._dry(size)
        except Exception as error:  # families differ in what they raise: MViTv2 has an IndexError
            if isinstance(error, RuntimeError) and not _OF_SHAPES.search(str(error)):
                return  # a network with data-dependent shapes cannot be checked
            if not isinstance(error, AssertionError | RuntimeError) and not self._takes_its_own_size():
                return
            said = (str(error).splitlines() or [''])[0].rstrip('.')
            bare = not isinstance(error, AssertionError | RuntimeError | ValueError)
            why = f'{type(error).__name__} ({said})' if bare else said
            raise ValueError(f'backbone {self.name} does not support images of {size[0]}x{size[1]}: {why}; resize or crop '
                             f'them, or set img_size or pad_multiple of model.net.backbone.') from None
        self._compare(features, size)

    def _takes_its_own_size(self) -> bool:
        """Whether a dry run works with the size of the weights; otherwise dry runs are inconclusive."""
        config = timm.get_pretrained_cfg(self.name)
        try:
            self._dry(tuple(config.input_size[-2:]) if config is not None else _ORDINARY)
        except Exception:
            return False
        return True

    def _dry(self, size: Size) -> list[Tensor]:
        """The features' shapes, as tensors on the meta device."""
        held = {name: value.to('meta') for name, value in (*self.named_parameters(), *self.named_buffers())}
        with torch.no_grad():
            return functional_call(self, held, torch.empty(2, 3, *size, device='meta'))

    def _check_what_timm_says(self, kwargs: Mapping[str, Any]) -> None:
        """Compare timm's channels, order, layout and strides with the features of an image of ordinary size.

        The comparison is made once per process for each way to build a network.
        """
        way = repr((self.name, type(self.body), self.channels, self.strides, self._channels_last, self.pad_multiple,
                    self.body.feature_info.out_indices, sorted(kwargs.items())))
        if way in _AGREES:
            return
        given = kwargs.get('img_size')
        config = timm.get_pretrained_cfg(self.name)
        own = tuple(config.input_size[-2:]) if config is not None else _ORDINARY
        sizes = [(given, given) if isinstance(given, int) else tuple(given)] if given else [_ORDINARY, own]
        for size in dict.fromkeys(sizes):
            try:
                features = self._dry(size)
            except Exception:
                continue  # unsupported size; the size of the data is checked before a run
            self._compare(features, size)
            _AGREES.add(way)
            return

    def _compare(self, features: Sequence[Tensor], size: Size) -> None:
        says = list(zip(self.channels, self.strides, strict=True))
        gives = [tuple(feature.shape[1:]) for feature in features]
        fits = len(says) == len(gives) and all(
            len(shape) == 3 and shape[0] == channels and all(side // stride - 1 <= found <= -(-side // stride) + 1
                                                            for side, found in zip(size, shape[1:], strict=True))
            for (channels, stride), shape in zip(says, gives, strict=True))
        if not fits:
            raise ValueError(f'backbone {self.name}: timm states (channels, stride) {says}, but an image of '
                             f'{size[0]}x{size[1]} gives maps of (channels, height, width) {gives}; '
                             f'choose other out_indices, or another model.')

    def padded(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) with zeros at the right and bottom, up to sides that ``pad_multiple`` divides."""
        height, width = image.shape[-2:]
        pad = (-width % self.pad_multiple, -height % self.pad_multiple)
        return F.pad(image, (0, pad[0], 0, pad[1])) if any(pad) else image


def _check_ascending(name: str, out_indices: Sequence[int]) -> None:
    """Refuse unordered indices: timm returns features in network order but describes them in the requested order."""
    indices = [out_indices] if isinstance(out_indices, int) else list(out_indices)
    both = any(i < 0 for i in indices) and any(i >= 0 for i in indices)
    if not indices or both or any(after <= before for before, after in itertools.pairwise(indices)):
        cure = 'do not mix positive and negative indices' if both else \
            f'give {tuple(sorted(set(indices)))}' if indices else 'give at least one index'
        raise ValueError(f'backbone {name}: out_indices={tuple(indices)} must be ascending, finest level first; {cure}.')


def _create(name: str, out_indices: tuple[int, ...], kwargs: Mapping[str, Any], pretrained: bool = False) -> nn.Module:
    try:
        return timm.create_model(name, pretrained=pretrained, features_only=True, out_indices=out_indices, **kwargs)
    except Exception as error:
        if pretrained:
            raise
        raise ValueError(f"timm cannot build backbone '{name}' with out_indices={out_indices} and {kwargs}: {error}"
                         ) from error


def _from_hub(name: str, out_indices: tuple[int, ...], kwargs: Mapping[str, Any],
              or_package: bool) -> tuple[nn.Module, Mapping[str, Tensor] | None]:
    """Build the network with the weights of the hub or, if that fails, with those of an installed package."""
    _offline_without_waiting()
    try:
        return _create(name, out_indices, kwargs, pretrained=True), None
    except Exception as error:
        row = find(name) if or_package else None
        if row is not None and row.path is not None:
            return _create(name, out_indices, kwargs), package_weights(name)
        package = how_to_install(name)
        raise ConnectionError(
            f"timm could not fetch the pretrained weights of '{name}' ({type(error).__name__})"
            + (f"; {package}, for weights='package'" if package else '')
            + '; offline, train from scratch with --cfg-options model.net.backbone.pretrained=False, or name a local file '
              'with --cfg-options model.net.backbone.checkpoint=FILE.') from error


def _offline_without_waiting() -> None:
    """If the host name of the hub cannot be resolved, use only the local cache instead of retrying for a minute."""
    try:
        socket.getaddrinfo(urlparse(huggingface_hub.constants.ENDPOINT).hostname, 443)
    except OSError:
        huggingface_hub.constants.HF_HUB_OFFLINE = True


def _read(name: str, path: Path) -> Mapping[str, Any]:
    if not path.exists():
        raise FileNotFoundError(f"backbone '{name}': the weights {path} do not exist; correct model.net.backbone."
                                f'checkpoint (or weights), or set it to None.')
    return read_weights(path, f"backbone '{name}': the weights file")


def _fill(body: nn.Module, name: str, state: Mapping[str, Any], source: str | Path) -> None:
    for key in ('state_dict', 'model'):
        state = state.get(key, state) if isinstance(state, Mapping) else state
    if not isinstance(state, Mapping) or not any(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"backbone '{name}': {source} is not a state dict, or a dictionary with one under 'state_dict' or "
                         f"'model'.")
    state = {str(key): value for key, value in state.items() if isinstance(value, Tensor)}
    own = body.state_dict()
    whole = getattr(body, 'model', None)  # plain transformers, which timm keeps whole inside a feature extractor
    if isinstance(whole, VisionTransformer):
        state = {key.removeprefix('model.'): value for key, value in state.items()}
        state = {f'model.{key}': value for key, value in checkpoint_filter_fn(state, whole).items()}
    # timm names stages 'layers.0' in a classifier and 'layers_0' in a feature extractor
    flat = {key.replace('layers.', 'layers_', 1) if key.startswith('layers.') and 'layers_0.blocks.0.norm1.weight' in own
            else key: value for key, value in state.items()}
    missing = [key for key in own if key not in flat]
    wrong = [key for key in own if key in flat and own[key].shape != flat[key].shape]
    if missing or wrong:
        raise ValueError(f"backbone '{name}': {source} does not fit: {len(missing)} missing keys (first: {missing[:3]}), "
                         f'{len(wrong)} with a different shape (first: {wrong[:3]}).{prefix_hint(own, flat)}')
    body.load_state_dict({key: flat[key] for key in own})


def _batch_to_group_norm(module: nn.Module, channels_per_group: int = 8) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            channels = child.num_features
            groups = next(g for g in range(max(1, channels // channels_per_group), 0, -1) if channels % g == 0)
            norm: nn.Module = nn.GroupNorm(groups, channels)
            after = [getattr(child, part) for part in ('drop', 'act') if hasattr(child, part)]  # timm's BatchNormAct2d
            setattr(module, name, nn.Sequential(norm, *after) if after else norm)
        else:
            _batch_to_group_norm(child, channels_per_group)
