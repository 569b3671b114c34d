"""Build networks of other libraries from a config: torchvision, Hugging Face, timm, or any importable callable."""

import difflib
import importlib
import inspect
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn

from .known_weights import Scale, fill_from_package, how_to_install, on_255, scale_of, usual_scale

SOURCES = ('torchvision', 'huggingface', 'timm', 'import')
_NESTS = ('state_dict', 'model')


def build_foreign_model(source: str, name: str, checkpoint: str | Path | None = None, pretrained: bool = False,
                        kwargs: Mapping[str, Any] | None = None, weights: str | None = None) -> nn.Module:
    """Build a network of another library.

    Args:
        source: ``'torchvision'`` (``name`` as in ``torchvision.models.list_models()``), ``'timm'`` (a timm name, the
            whole network with its classifier), ``'huggingface'`` (a class of ``transformers``, such as
            ``'SegformerForSemanticSegmentation'``), or ``'import'`` (``'package.module:callable'``).
        name: see ``source``.
        checkpoint: local weights: a state dict (``.pth`` or ``.safetensors``), which must fit exactly; for ``'huggingface'``
            also a folder written by ``save_pretrained``, whose configuration is then used.
        pretrained: download the default weights of torchvision or timm; needs internet access once.
        kwargs: arguments of the network; for ``'huggingface'``, of its configuration.
        weights: for ``'timm'``, the explicit source of its weights: ``'package'`` (see
            :mod:`~mtkd.models.known_weights`), ``'hub'``, or a file; instead of ``checkpoint`` and ``pretrained``.

    Returns:
        The network.

    Raises:
        ValueError: an unknown source, name or argument, a package that is not installed, or weights that do not fit.
        FileNotFoundError: there is no such checkpoint, or the package that holds the weights is not installed.
        ConnectionError: ``pretrained`` is set and the weights cannot be downloaded.
    """
    if source not in SOURCES:
        raise ValueError(f"foreign model '{name}': source='{source}' is unknown; choose one of {', '.join(SOURCES)}.")
    if weights is not None and (source != 'timm' or pretrained or checkpoint is not None):
        raise ValueError(f"foreign model '{name}': weights='{weights}' is for source='timm', without checkpoint and "
                         f'pretrained.')
    if weights not in (None, 'package', 'hub'):
        checkpoint = weights
    pretrained = pretrained or weights == 'hub'
    if checkpoint is not None and not Path(checkpoint).exists():
        raise FileNotFoundError(f"foreign model '{name}': the weights {checkpoint} do not exist; correct its checkpoint.")
    if pretrained and (source not in ('torchvision', 'timm') or checkpoint is not None):
        raise ValueError(f"foreign model '{name}': pretrained=True is for torchvision and timm without a checkpoint; "
                         f"weights of source='{source}' come from a local checkpoint.")
    folder = Path(checkpoint) if checkpoint is not None and Path(checkpoint).is_dir() else None
    if folder is not None and source != 'huggingface':
        raise ValueError(f"foreign model '{name}': the checkpoint {folder} is a folder; source='{source}' needs a file.")
    given = dict(kwargs or {})
    if source == 'huggingface':
        model = _huggingface(name, folder, given)
    else:
        maker = {'torchvision': _torchvision, 'timm': _timm, 'import': _imported}[source]
        model = maker(name, pretrained, given)
    if checkpoint is not None and folder is None:
        _fill(model, name, Path(checkpoint))
    elif weights == 'package':
        fill_from_package(model, name)
    return model


def foreign_scale(source: str, name: str, checkpoint: str | Path | None = None, pretrained: bool = False,
                  kwargs: Mapping[str, Any] | None = None, weights: str | None = None) -> Scale | None:
    """The normalisation that a foreign network's weights were trained with, as its own library states it.

    timm: the configuration of its pretrained weights, which is also assumed for a checkpoint of the same name; torchvision:
    the transforms of its default weights; Hugging Face: ``preprocessor_config.json`` next to the weights.

    Args:
        source: as in :func:`build_foreign_model`, like all other arguments.
        name: see there.
        checkpoint: see there.
        pretrained: see there.
        kwargs: not used.
        weights: see there.

    Returns:
        (mean, std) per channel, RGB, on the 0..255 scale; None if there are no weights, or nothing is stated.

    Raises:
        ValueError: ``preprocessor_config.json`` is not valid JSON.
    """
    loaded = pretrained or checkpoint is not None or weights is not None
    if source == 'timm' and loaded:
        return scale_of(name, weights) or usual_scale(name)
    if source == 'torchvision' and pretrained:
        from torchvision import models
        if name in models.list_models():
            transforms = models.get_model_weights(name).DEFAULT.transforms()  # type: ignore[attr-defined]
            return on_255(getattr(transforms, 'mean', None), getattr(transforms, 'std', None))
    stated = Path(checkpoint) / 'preprocessor_config.json' if source == 'huggingface' and checkpoint is not None else None
    return _huggingface_scale(name, stated) if stated is not None and stated.is_file() else None


def _huggingface_scale(name: str, stated: Path) -> Scale | None:
    """The normalisation of ``preprocessor_config.json`` as (mean, std) on the 0..255 scale."""
    try:
        config = json.loads(stated.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f"foreign model '{name}': {stated} is not valid JSON ({error}); download it again, or remove it "
                         f'and give mean and std.') from error
    if not isinstance(config, Mapping):
        return None
    if config.get('do_flip_channel_order'):
        warnings.warn(f"foreign model '{name}': {stated} requests BGR channel order (do_flip_channel_order), but mtkd's "
                      f'images are RGB.')
    unit = 1.0 / float(config.get('rescale_factor') or 1 / 255) if config.get('do_rescale', True) else 1.0
    if config.get('do_normalize') is False:
        return (0.0,) * 3, (unit,) * 3
    mean, std = config.get('image_mean'), config.get('image_std')
    if not mean or not std:
        return None
    return tuple(unit * float(value) for value in mean), tuple(unit * float(value) for value in std)


def _made(name: str, maker: Any, pretrained: bool, kwargs: dict[str, Any]) -> nn.Module:
    """Call ``maker`` with the arguments and convert its exceptions into one clear message."""
    try:
        return maker(**kwargs)
    except Exception as error:
        if pretrained and not isinstance(error, TypeError):
            package = how_to_install(name)
            raise ConnectionError(f"foreign model '{name}': its pretrained weights cannot be downloaded "
                                  f'({type(error).__name__}); offline, give a local file with checkpoint=FILE'
                                  + (f"; {package}, for weights='package'" if package else '') + '.') from error
        raise ValueError(f"foreign model '{name}' cannot be built with {kwargs}: {error}") from error


def _torchvision(name: str, pretrained: bool, kwargs: dict[str, Any]) -> nn.Module:
    from torchvision import models
    if name not in models.list_models():
        raise ValueError(f"torchvision has no model '{name}'; nearest: {_near(name, models.list_models())}.")
    maker = models.get_model_builder(name)
    if 'weights_backbone' in inspect.signature(maker).parameters:  # its default is to download
        kwargs.setdefault('weights_backbone', None)
    return _made(name, maker, pretrained, {'weights': 'DEFAULT' if pretrained else None, **kwargs})


def _timm(name: str, pretrained: bool, kwargs: dict[str, Any]) -> nn.Module:
    if not timm.is_model(name):
        raise ValueError(f"timm has no model '{name}'; nearest: {_near(name, timm.list_models())}.")
    return _made(name, timm.create_model, pretrained, {'model_name': name, 'pretrained': pretrained, **kwargs})


def _huggingface(name: str, folder: Path | None, kwargs: dict[str, Any]) -> nn.Module:
    try:
        import transformers
    except ImportError as error:
        raise ValueError(f"foreign model '{name}' needs Hugging Face's transformers, which is not installed: "
                         f'pip install transformers') from error
    kind = getattr(transformers, name, None) if name in dir(transformers) else None
    if kind is None or not hasattr(kind, 'config_class') or kind.config_class is None:
        raise ValueError(f"transformers has no model class '{name}'; nearest: {_near(name, dir(transformers))}. Give "
                         f'weights from the hub as a local folder, with checkpoint=DIR.')
    if folder is None:
        return _made(name, lambda **arguments: kind(kind.config_class(**arguments)), False, kwargs)
    try:
        model, report = kind.from_pretrained(str(folder), local_files_only=True, output_loading_info=True, **kwargs)
    except (OSError, ValueError, RuntimeError) as error:
        raise ValueError(f"foreign model '{name}': transformers cannot load {folder}: {str(error).splitlines()[0]}"
                         ) from error
    if report['missing_keys']:
        raise ValueError(f"foreign model '{name}': {folder} lacks {len(report['missing_keys'])} weights "
                         f'(first: {sorted(report["missing_keys"])[:3]}); is it the checkpoint of another class?')
    return model.train()


def _imported(name: str, pretrained: bool, kwargs: dict[str, Any]) -> nn.Module:
    module, _, attribute = name.partition(':')
    try:
        maker = importlib.import_module(module)
        for part in attribute.split('.'):
            maker = getattr(maker, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"foreign model '{name}' cannot be imported ({error}); write package.module:callable and put its "
                         f'folder on PYTHONPATH.') from error
    model = _made(name, maker, False, kwargs)
    if not isinstance(model, nn.Module):
        raise ValueError(f"foreign model '{name}' is {type(model).__name__}, not a torch.nn.Module.")
    return model


def _fill(model: nn.Module, name: str, path: Path) -> None:
    """Load a state dict strictly and without executing code from the file."""
    try:
        if path.suffix == '.safetensors':
            from safetensors.torch import load_file
            state: Any = load_file(str(path))
        else:
            state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # the two readers raise various exceptions
        raise ValueError(f"foreign model '{name}': {path} cannot be loaded as plain tensors: it is damaged, or contains "
                         f'other Python objects; save only its state dict.') from error
    for key in _NESTS:
        state = state.get(key, state) if isinstance(state, Mapping) else state
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"foreign model '{name}': {path} is not a state dict.")
    state = {re.sub(r'^module\.', '', key): value for key, value in state.items()}
    own = model.state_dict()
    missing, extra = [key for key in own if key not in state], [key for key in state if key not in own]
    shapes = [key for key in own if key in state and own[key].shape != state[key].shape]
    if missing or extra or shapes:
        raise ValueError(f"foreign model '{name}': {path} does not fit: {len(missing)} weights missing {missing[:2]}, "
                         f'{len(extra)} unexpected {extra[:2]}, {len(shapes)} with a different shape {shapes[:2]}.')
    model.load_state_dict(state)


def _near(name: str, known: Iterable[str]) -> str:
    return ', '.join(difflib.get_close_matches(name, known, n=4, cutoff=0.4)) or 'none'
