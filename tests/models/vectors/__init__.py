"""Numbers of official implementations, and functions to compare ours with them.

A file ``<name>.json`` has ``source`` (repository and commit), ``made`` (how) and ``numbers``: name -> digest. It was made
outside this tree: the official module got the values that :func:`fill` gives ours and was run on :func:`noise`; its outputs,
and gradients of :func:`score`, went through :func:`digest`. Nothing of the official code is here.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn


def noise(*shape: int, key: str = '') -> Tensor:
    """Float64 values in [-1, 1) that depend only on the number of elements and the key, not on a generator."""
    count = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    wave = torch.sin(count * 12.9898 + zlib.crc32(key.encode()) % 10007) * 4375.85453
    return (2 * (wave - wave.floor()) - 1).reshape(shape)


@torch.no_grad()
def fill(module: nn.Module) -> nn.Module:
    """Set every parameter and running statistic to values that depend on its name; the module is in eval mode and float64.
    """
    module.double().eval()
    statistics = [(name, value) for name, value in module.named_buffers() if name.endswith(('running_mean', 'running_var'))]
    for name, value in [*module.named_parameters(), *statistics]:
        made = noise(*value.shape, key=name)
        if value.ndim > 1:
            made *= 1.7 * value[0].numel() ** -0.5
        elif name.endswith(('weight', 'running_var')):
            made = 1 + 0.3 * made
        else:
            made *= 0.3
        value.copy_(made)
    return module


def score(outputs: Mapping[str, Tensor]) -> Tensor:
    """A scalar that depends on every value of every output with a different weight."""
    parts = [(value * noise(*value.shape, key=name).to(value)).sum() for name, value in outputs.items()]
    return torch.stack(parts).sum()


def digest(value: Tensor) -> list[float]:
    """A sum with noise as weights, on which every value has an effect, and the values at five positions."""
    flat = value.detach().double().flatten()
    places = torch.linspace(0, len(flat) - 1, 5).long()
    return [float((flat * noise(len(flat), key='digest')).sum()), *flat[places].tolist()]


def agree(name: str, values: Mapping[str, Tensor], rtol: float = 1e-6, atol: float = 1e-8) -> None:
    """Assert that the digests of these values are all of the numbers in ``name.json``."""
    numbers = json.loads((Path(__file__).parent / f'{name}.json').read_text())['numbers']
    assert set(values) == set(numbers)
    for key, value in values.items():
        torch.testing.assert_close(torch.tensor(digest(value)), torch.tensor(numbers[key]), rtol=rtol, atol=atol,
                                   msg=lambda said, key=key: f'{name}, {key}: {said}')


def gradients(of: Tensor, with_respect_to: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name -> gradient, the names preceded by 'd '."""
    found = torch.autograd.grad(of, list(with_respect_to.values()))
    return {f'd {name}': value for name, value in zip(with_respect_to, found, strict=True)}


def parameters(module: nn.Module, names: Iterable[str]) -> dict[str, Tensor]:
    """Parameters of a module by name."""
    return {name: module.get_parameter(name) for name in names}


def maps(*shapes: tuple[int, int, int]) -> dict[str, Tensor]:
    """Name -> (2, C, h, w) of noise that requires a gradient, for each (C, h, w); the names are 'scale0' and so on."""
    return {f'scale{i}': noise(2, *shape, key=f'scale{i}').requires_grad_() for i, shape in enumerate(shapes)}
