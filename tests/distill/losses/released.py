"""Numbers of official implementations of losses on features: ``vectors/features.json``.

Each entry says where the code is from and on what it was run, in float64 on a CPU, with ``.cuda()`` and SyncBatchNorm made
their CPU counterparts. Inputs and parameters are :func:`filled`, so nothing depends on a generator. ``values`` are the
losses, ``grads`` of each tensor named in ``how`` its :func:`digest`; the code itself is not here.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

NUMBERS = json.loads((Path(__file__).parent / 'vectors' / 'features.json').read_text())


def filled(shape: Iterable[int], k: int, scale: float = 1.0) -> Tensor:
    """scale (sin(i (.37 + .11 k) + k) + cos(.013 i (k + 2)) / 2), i = 0, 1, …, float64."""
    shape = tuple(shape)
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return ((i * (0.37 + 0.11 * k) + k).sin() + 0.5 * (i * 0.013 * (k + 2)).cos()).view(shape) * scale


def leaf(shape: Iterable[int], k: int, scale: float = 1.0) -> Tensor:
    return filled(shape, k, scale).requires_grad_()


def weight(shape: Iterable[int], k: int) -> Tensor:
    """The value of the j-th parameter, k = 10 + j: matrices divided by the root of their fan-in, vectors around 1."""
    shape = tuple(shape)
    return filled(shape, k, math.prod(shape[1:]) ** -0.5) if len(shape) > 1 else 1 + 0.3 * filled(shape, k)


def fill(parameters: Iterable[nn.Parameter]) -> None:
    for j, parameter in enumerate(parameters):
        parameter.data = weight(parameter.shape, 10 + j)


def digest(value: Tensor) -> list[float]:
    """Sum, sum of absolute values, and a sum with a different weight for every element."""
    value = value.double()
    return [float(value.sum()), float(value.abs().sum()), float((value * filled(value.shape, 99)).sum())]


def check(name: str, values: Iterable[Tensor], grads: Iterable[Tensor], tolerance: float = 1e-9) -> None:
    """Compare with the numbers of an entry."""
    entry = NUMBERS[name]
    assert [float(value.detach()) for value in values] == pytest.approx(entry['values'], rel=tolerance, abs=1e-12)
    for i, (grad, wanted) in enumerate(zip(grads, entry['grads'], strict=True)):
        scale = max(wanted[1], 1e-9)
        assert digest(grad) == pytest.approx(wanted, rel=tolerance, abs=tolerance * scale), f'{name}, tensor {i}'


def mean(term: tuple[Tensor, Tensor] | Tensor) -> Tensor:
    """The mean of a term without global_ratio's rounding to float32."""
    return term if isinstance(term, Tensor) else term[0].sum() / term[1].sum()
