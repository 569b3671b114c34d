"""Soft assignment of normals to directions on the visible hemisphere."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView, check_channels

_EPS = 1e-8


@PROB_VIEWS.register_module('sphere_bins')
class SphereBins(ProbView):
    """p_k = softmax_k(κ <n/‖n‖, u_k> / τ) with unit directions u_k.

    Without ``centroids`` the u_k are a Fibonacci spiral on a hemisphere: z = (k + .5)/K, φ = kπ(3 - √5),
    u = (√(1 - z²) cos φ, √(1 - z²) sin φ, s z).

    Args:
        num_bins: K, number of directions of the spiral.
        kappa: κ, how sharply a normal is assigned.
        z_sign: s: -1 if visible surfaces have a negative z, +1 if positive.
        centroids: instead of the spiral, (K, 3) directions, or the path of a ``.npy`` file of them.

    Raises:
        ValueError: ``z_sign`` is not ±1, or the centroids are not (K, 3) or contain a zero vector.
        FileNotFoundError: the file of centroids does not exist.

    Source: fact sheet 1.1.3.
    """

    def __init__(self, num_bins: int = 40, kappa: float = 10.0, z_sign: int = -1,
                 centroids: str | Path | Sequence[Sequence[float]] | None = None) -> None:
        if z_sign not in (-1, 1):
            raise ValueError(f'sphere_bins: z_sign is {z_sign}; it is -1 or 1.')
        self.kappa = kappa
        self.directions = _spiral(num_bins, z_sign) if centroids is None else _load(centroids)
        self._by_device: dict[torch.device, Tensor] = {}

    def scores(self, out: Tensor) -> Tensor:
        """See :class:`ProbView`; (B, 3, ...) vectors of any length -> (B, K, ...).

        Raises:
            ValueError: the output has other than three channels.
        """
        check_channels('sphere_bins', out, out.shape[1] == 3, 'it reads the three components of a normal')
        normal = out * torch.rsqrt(out.square().sum(1, keepdim=True) + _EPS)
        return self.kappa * torch.einsum('bc...,kc->bk...', normal, self._on(out.device))

    def _on(self, device: torch.device) -> Tensor:
        """The directions on a device, copied once."""
        if device not in self._by_device:
            self._by_device[device] = self.directions.to(device)
        return self._by_device[device]


def _spiral(num_bins: int, z_sign: int) -> Tensor:
    k = torch.arange(num_bins, dtype=torch.float64)
    z, phi = (k + 0.5) / num_bins, k * math.pi * (3 - math.sqrt(5))
    radius = (1 - z.square()).sqrt()
    return torch.stack([radius * phi.cos(), radius * phi.sin(), z_sign * z], dim=1).float()


def _load(centroids: str | Path | Sequence[Sequence[float]]) -> Tensor:
    if isinstance(centroids, str | Path):
        path = Path(centroids)
        if not path.is_file():
            raise FileNotFoundError(f'sphere_bins: there is no file of centroids at {path}.')
        array = np.load(path, allow_pickle=False)
    else:
        array = np.asarray(centroids, np.float64)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f'sphere_bins: centroids have the shape {array.shape}; they must be (K, 3).')
    length = np.linalg.norm(array, axis=1, keepdims=True)
    if not (length > 0).all():
        raise ValueError('sphere_bins: one of the centroids is the zero vector, which has no direction.')
    return torch.from_numpy(array / length).float()
