"""Random numbers, and materials: colours and patterns with the same distribution for all classes."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np


class Draws:
    """Cheap scalar draws from one generator (a generator call per scalar would cost more than the rendering)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._stream = self._blocks(rng)

    @staticmethod
    def _blocks(rng: np.random.Generator) -> Iterator[float]:
        while True:
            yield from rng.random(512).tolist()

    def __call__(self, low: float = 0.0, high: float = 1.0) -> float:
        """Uniform in low..high."""
        return low + (high - low) * next(self._stream)

    def integer(self, low: int, high: int) -> int:
        """Uniform integer in low..high, both included."""
        return low + int(next(self._stream) * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return next(self._stream) < probability

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options, with equal probabilities."""
        return options[int(next(self._stream) * len(options))]


PLAIN, CHECKER, STRIPES, NOISE, WOOD, DOTS, FRAME, PANEL, PANES = range(9)
_SURFACES = (PLAIN,) * 6 + (CHECKER,) * 2 + (STRIPES,) * 3 + (NOISE,) * 4 + (WOOD,) * 3 + (DOTS,) * 2


class Material(NamedTuple):
    """Appearance of a surface; colours are linear RGB in 0..1."""

    pattern: int
    base: tuple[float, float, float]
    second: tuple[float, float, float]
    frequency: float  # periods per metre
    angle: float
    offset: float
    emission: float


def _colour(draw: Draws) -> tuple[float, float, float]:
    """Linear RGB albedo, one mixture for every class: greys, wood tones, pastels, strong colours."""
    kind = draw()
    if kind < 0.3:
        r, g, b = colorsys.hsv_to_rgb(draw(), draw(0.0, 0.1), draw(0.2, 0.95))
    elif kind < 0.52:
        r, g, b = colorsys.hsv_to_rgb(draw(0.04, 0.12), draw(0.3, 0.65), draw(0.25, 0.85))
    elif kind < 0.78:
        r, g, b = colorsys.hsv_to_rgb(draw(), draw(0.12, 0.4), draw(0.55, 0.95))
    else:
        r, g, b = colorsys.hsv_to_rgb(draw(), draw(0.5, 0.9), draw(0.3, 0.9))
    return r * r, g * g, b * b


def make_material(draw: Draws, pattern: int | None = None, emission: float = 0.0) -> Material:
    """A random material; of this pattern if one is given."""
    base = _colour(draw)
    if draw.chance(0.35):
        second = _colour(draw)
    else:
        shade = draw(0.4, 0.8)
        second = (base[0] * shade, base[1] * shade, base[2] * shade)
    pattern = draw.pick(_SURFACES) if pattern is None else pattern
    angle = draw.pick((0.0, 0.0, math.pi / 2, math.pi / 4)) + draw(-0.05, 0.05)
    frequency = math.exp(draw(math.log(1.2), math.log(7.0)))
    return Material(pattern, base, second, frequency, angle, draw(0.0, 50.0), emission)


@lru_cache(maxsize=1)
def _noise_table() -> np.ndarray:
    """(512, 512) float32 in 0..1, periodic: octaves of smoothed white noise."""
    rng = np.random.default_rng(20)
    total: np.ndarray = np.zeros((512, 512), np.float32)
    for cells, weight in ((16, 1.0), (64, 0.6), (256, 0.4)):
        coarse = np.pad(rng.random((cells, cells)).astype(np.float32), 2, mode='wrap')
        zoom = 512 // cells
        fine = cv2.resize(coarse, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
        total += weight * fine[2 * zoom : 2 * zoom + 512, 2 * zoom : 2 * zoom + 512]
    low, high = np.quantile(total, (0.02, 0.98))
    return np.clip((total - low) / (high - low), 0, 1).astype(np.float32)


def _noise(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Noise of about 0..1 with features of 1/2 unit."""
    return _noise_table()[(v * 64).astype(np.int32) & 511, (u * 64).astype(np.int32) & 511]


def pattern_of(kind: int, u: np.ndarray, v: np.ndarray, un: np.ndarray, vn: np.ndarray) -> np.ndarray:
    """How much of the second colour, 0..1; all (N,). `u, v` in periods, `un, vn` in -1..1 over the piece's face."""
    if kind == CHECKER:
        return ((np.floor(u) + np.floor(v)) % 2).astype(np.float32)
    if kind == STRIPES:
        return (u % 1 < 0.4).astype(np.float32)
    if kind == NOISE:
        return _noise(u, v)
    if kind == WOOD:
        return 0.5 + 0.5 * np.sin(6.283 * (u + 1.5 * _noise(0.3 * u, 0.08 * v)))
    if kind == DOTS:
        return ((u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < 0.08).astype(np.float32)
    if kind == FRAME:  # a framed picture: dark rim, blotches inside
        return np.where(np.maximum(np.abs(un), np.abs(vn)) > 0.85, 1.0, 0.8 * (_noise(u, v) > 0.5)).astype(np.float32)
    if kind == PANEL:  # a door or a cupboard front: two inset panels
        panel = np.maximum(np.abs(un), np.abs(np.abs(vn) - 0.47) * 2)
        return np.where(np.abs(panel - 0.74) < 0.07, 0.9, 0.15 * (panel < 0.74)).astype(np.float32)
    if kind == PANES:  # a window: rim and one cross
        bar = np.minimum(np.abs(un), np.abs(vn)) < 0.06
        return (bar | (np.maximum(np.abs(un), np.abs(vn)) > 0.9)).astype(np.float32)
    return np.zeros_like(u)
