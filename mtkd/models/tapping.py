"""Access to inner tensors of networks that do not return them. The only module that uses hooks."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ..structures import Size
from .net import Taps, TapSpec

TapCfg = str | Mapping[str, Any]
_OPTIONS = {'module', 'item', 'tokens', 'channels_last'}


class TappedModel(nn.Module):
    """A network whose forward returns the outputs of named submodules, as maps (B, C, h, w) or vectors (B, C).

    Channels and strides are determined by a trial forward pass on the meta device, at negligible cost. A network that cannot
    run there, such as one with data-dependent control flow, is run on an image of zeros instead.

    Args:
        model: the network; its first argument is the normalised image.
        taps: paths of submodules as in ``model.named_modules()``, which are then the taps' names; or tap -> path (``''``:
            the network itself), or tap -> a dictionary with ``module`` and

            - ``item``: the part of an output that is a tuple or dictionary, as an index or key; dots denote nesting, as in
              ``'hidden_states.-1'``. Not needed if there is only one tensor.
            - ``tokens``: as below, for this tap.
            - ``channels_last``: the map is (B, h, w, C), as in torchvision's Swin.
        tokens: ``dict(patch=16, prefix=1)``: outputs (B, N, C) are tokens of ``patch`` x ``patch`` pixels, row by row,
            after ``prefix`` others (class token, registers), which are left out.
        probe_size: (height, width) of the trial image.

    Attributes:
        tap_specs: tap -> channels, and the stride in pixels of the input image (0 for a vector).

    Raises:
        ValueError: an unknown path (the message lists similar ones), an image of ``probe_size`` that the network does not
            support, or an output that is not a map.
    """

    def __init__(self, model: nn.Module, taps: Sequence[str] | Mapping[str, TapCfg],
                 tokens: Mapping[str, int] | None = None,
                 probe_size: Size = (224, 224)) -> None:
        super().__init__()
        if not taps:
            raise ValueError("A foreign model needs taps: name its submodules, as in taps={'feat': 'layer4'}.")
        self.model = model
        named = taps if isinstance(taps, Mapping) else _named(taps)
        self.taps = {name: _read_tap(name, cfg, tokens) for name, cfg in named.items()}
        modules = dict(model.named_modules())
        self._kept: dict[str, _Keep] = {}
        for path in dict.fromkeys(tap['module'] for tap in self.taps.values()):
            if path not in modules:
                raise ValueError(f"{type(model).__name__} has no module '{path}'; nearest: {_near(path, modules)}.")
            self._kept[path] = _Keep()
            modules[path].register_forward_hook(self._kept[path])
        self.probe_size = (int(probe_size[0]), int(probe_size[1]))
        self.tap_specs = self._learn_specs()

    def forward(self, image: Tensor) -> Taps:
        """(B, 3, H, W) normalised image -> every tap of :attr:`tap_specs`."""
        self._forget()
        self.model(image)
        missed = [name for name, tap in self.taps.items() if not self._kept[tap['module']].outputs]
        if missed:
            raise ValueError(f"tap '{missed[0]}': {type(self.model).__name__} does not run its module "
                             f"'{self.taps[missed[0]]['module']}'; tap a module that its forward uses.")
        size = (image.shape[-2], image.shape[-1])
        taps = {name: _as_map(self._kept[tap['module']].outputs[-1], tap, name, size) for name, tap in self.taps.items()}
        self._forget()
        return taps

    def _forget(self) -> None:
        """Release tensors between forward passes: a tensor with a graph could not be copied with the model."""
        for kept in self._kept.values():
            kept.outputs = []

    def unreached(self) -> list[str]:
        """Names (in ``model``) of trained parameters that no tap depends on; empty if this cannot be determined."""
        weights = {name: value for name, value in self.model.named_parameters() if value.requires_grad}
        try:
            state = self._on_meta()
            taps = functional_call(self, state, (torch.zeros(2, 3, *self.probe_size, device='meta'),))
            total = torch.stack([tap.float().sum() for tap in taps.values()]).sum()
            grads = torch.autograd.grad(total, [state[f'model.{name}'] for name in weights], allow_unused=True)
        except Exception:  # the network cannot run on the meta device; undetermined
            return []
        finally:
            self._forget()
        return [name for name, grad in zip(weights, grads, strict=True) if grad is None]

    def _on_meta(self) -> dict[str, Tensor]:
        return {**{name: value.detach().to('meta').requires_grad_(value.requires_grad)
                   for name, value in self.named_parameters()},
                **{name: value.to('meta') for name, value in self.named_buffers()}}

    def _learn_specs(self) -> dict[str, TapSpec]:
        training = self.training
        self.eval()
        try:
            taps = self._trial()
        finally:
            self._forget()
            self.train(training)
        height = self.probe_size[0]
        return {name: TapSpec(tap.shape[1], round(height / tap.shape[2]) if tap.ndim == 4 else 0)
                for name, tap in taps.items()}

    @torch.no_grad()
    def _trial(self) -> Taps:
        try:
            return functional_call(self, self._on_meta(), (torch.zeros(1, 3, *self.probe_size, device='meta'),))
        except Exception:  # it may read values, which meta tensors do not have
            pass
        try:
            return self(torch.zeros(1, 3, *self.probe_size))
        except Exception as error:
            if str(error).startswith('tap '):
                raise
            height, width = self.probe_size
            raise ValueError(f'{type(self.model).__name__} does not support a 1x3x{height}x{width} image '
                             f'({str(error).splitlines()[0] if str(error) else type(error).__name__}); give a supported '
                             f'size with input_size=(height, width).') from error


class _Keep:
    """A forward hook that stores the output of its module.

    The hook stores it in itself, so that a deep copy of the model has its own, and ``torch.export``, which copies
    containers, does not separate hook and storage.
    """

    def __init__(self) -> None:
        self.outputs: list[Any] = []

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> None:
        self.outputs = [output]


def _named(paths: Sequence[str]) -> dict[str, TapCfg]:
    """Convert a list of module paths to taps of the same names."""
    if isinstance(paths, str) or '' in paths:
        raise ValueError(f"taps={paths!r}: give a list of module paths; the output of the network itself needs a name, as "
                         "in taps={'out': ''}.")
    return {path: path for path in paths}


def _read_tap(name: str, cfg: TapCfg, tokens: Mapping[str, int] | None) -> dict[str, Any]:
    tap: dict[str, Any] = {'module': cfg} if isinstance(cfg, str) else dict(cfg)
    if 'module' not in tap or set(tap) - _OPTIONS:
        raise ValueError(f"tap '{name}' is {tap}; give the path of a module, or a dictionary with module and "
                         f'{", ".join(sorted(_OPTIONS - {"module"}))}.')
    tap.setdefault('tokens', tokens)
    if tap['tokens'] is not None and (set(tap['tokens']) - {'patch', 'prefix'} or 'patch' not in tap['tokens']):
        raise ValueError(f"tap '{name}': tokens is {dict(tap['tokens'])}; give dict(patch=16, prefix=1).")
    return tap


def _as_map(value: Any, tap: Mapping[str, Any], name: str, size: Size) -> Tensor:
    """A module's output as (B, C, h, w), or (B, C)."""
    tensor = _item(value, tap.get('item'), name)
    if tensor.ndim == 4:
        return tensor.movedim(-1, 1) if tap.get('channels_last') else tensor
    if tensor.ndim == 3 and tap['tokens'] is not None:
        return _grid(tensor, tap['tokens'], name, size)
    if tensor.ndim == 2:
        return tensor
    cure = 'describe its tokens with tokens=dict(patch=16, prefix=1)' if tensor.ndim == 3 else 'tap another module'
    raise ValueError(f"tap '{name}': module '{tap['module']}' returns {tuple(tensor.shape)}, which is not a map "
                     f'(B, C, h, w); {cure}.')


def _item(value: Any, item: str | int | None, name: str) -> Tensor:
    """The tensor that ``item`` names inside a tuple, dictionary or Hugging Face output."""
    for part in str(item).split('.') if item is not None else ():
        try:
            value = value[part] if isinstance(value, Mapping) else value[int(part)]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ValueError(f"tap '{name}': there is no item '{part}'; the output is {_described(value)}.") from error
    while isinstance(value, (Mapping, tuple, list)):
        parts = list(value.values()) if isinstance(value, Mapping) else list(value)
        if len(parts) != 1:
            raise ValueError(f"tap '{name}': the output is {_described(value)}; select one with item=….")
        value = parts[0]
    if not isinstance(value, Tensor):
        raise ValueError(f"tap '{name}': the output is {_described(value)}, not a tensor.")
    return value


def _described(value: Any) -> str:
    if isinstance(value, Tensor):
        return f'a tensor {tuple(value.shape)}'
    if isinstance(value, Mapping):
        return f'a dictionary of {", ".join(value)}'
    if isinstance(value, Sequence):
        return f'{type(value).__name__} of {len(value)} ({", ".join(_described(part) for part in value[:4])})'
    return type(value).__name__


def _grid(tokens: Tensor, layout: Mapping[str, int], name: str, size: Size) -> Tensor:
    """(B, prefix + h w, C) -> (B, C, h, w)."""
    patch, prefix = layout['patch'], layout.get('prefix', 0)
    count = tokens.shape[1] - prefix
    for height, width in ((size[0] // patch, size[1] // patch), (-(-size[0] // patch), -(-size[1] // patch))):
        if height * width == count:
            return tokens[:, prefix:].transpose(1, 2).unflatten(2, (height, width))
    raise ValueError(f"tap '{name}': a {size[0]}x{size[1]} image has {tokens.shape[1]} tokens, not prefix={prefix} and "
                     f'{size[0] // patch} x {size[1] // patch} patches; correct tokens=dict(patch=…, prefix=…).')


def _near(path: str, modules: Mapping[str, nn.Module]) -> str:
    """Paths similar to ``path``; if there are none, the first level of the network."""
    last = path.rsplit('.', 1)[-1]
    near = difflib.get_close_matches(path, [name for name in modules if name], n=4, cutoff=0.5)
    near += [name for name in modules if name.rsplit('.', 1)[-1] == last and name not in near][:4 - len(near)]
    return ', '.join(near or [name for name in modules if name and '.' not in name])
