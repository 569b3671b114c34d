"""Synthetic rooms with exact labels for six dense tasks, rendered in NumPy; and writers of the real data sets' layouts.

Geometry is analytic. A scene is a list of pieces (boxes, ellipsoids, truncated cones); each carries an affine map into
its own unit frame. Rays have z = 1 in camera axes, so the ray parameter *is* the z-depth. Pass one writes depth and
piece index into a buffer, each piece only inside its projected rectangle; pass two shades all pixels at once by
gathering the pieces' parameters. No loop runs over pixels.

Camera axes: x right, y down, z forward. World axes: x along the far wall, y away from the camera's wall, z up; metres.
Colours and textures come from one distribution for all classes: a class is known by shape and place, not by colour.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from scipy.io import savemat

from mtkd.registry import DATASETS
from mtkd.structures import IGNORE, Sample, SampleMeta, Size, TargetKind

from .base import Entry, TaskDataset

CLASSES = (
    'wall', 'floor', 'ceiling', 'bed', 'sofa', 'table', 'chair', 'cabinet', 'lamp', 'ball', 'picture', 'window', 'door',
    'rug', 'person',
)
"""Semantic classes; the id is the position."""

PARTS = ('background', 'head', 'torso', 'upper_arm', 'lower_arm', 'upper_leg', 'lower_leg')
"""The PASCAL 6-part convention (fact sheet 2.2)."""

LIMBS = (
    ('head', 1), ('hair', 1), ('neck', 2), ('torso', 2),
    ('luarm', 3), ('llarm', 4), ('lhand', 4), ('ruarm', 3), ('rlarm', 4), ('rhand', 4),
    ('luleg', 5), ('llleg', 6), ('lfoot', 6), ('ruleg', 5), ('rlleg', 6), ('rfoot', 6),
)  # fmt: skip
"""(PASCAL-Part name, part id); the value in `Scene.limbs` is the position + 1."""

SPLIT_START = {'train': 0, 'val': 1_000_000, 'test': 2_000_000}
"""First scene index of each split: the ranges never meet."""

_ID = {name: i for i, name in enumerate(CLASSES)}
_LIMB_ID = {name: i + 1 for i, (name, _) in enumerate(LIMBS)}
_PART_OF_LIMB = np.array([0] + [part for _, part in LIMBS], np.uint8)
_NEAR_M = 0.3


@dataclass(frozen=True)
class Scene:
    """One rendered scene. All maps are (H, W) unless said otherwise.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        semseg: uint8, index into `CLASSES`.
        depth_m: float32 metres along the optical axis.
        normals: (H, W, 3) float32 unit vectors, camera axes, facing the camera.
        edge: uint8 {0, 1}; 1 where the region differs from that of the right or lower neighbour.
        sal: uint8 {0, 1}; 1 on the salient object(s).
        parts: uint8, index into `PARTS`; 255 everywhere when no person is visible.
        instances: uint8 region index (walls together are one region, so are floor and ceiling); 1-based.
        limbs: uint8, 0 or 1 + index into `LIMBS`.
        focal_px: focal length in pixels; the principal point is the picture's centre (W / 2, H / 2).
    """

    image: np.ndarray
    semseg: np.ndarray
    depth_m: np.ndarray
    normals: np.ndarray
    edge: np.ndarray
    sal: np.ndarray
    parts: np.ndarray
    instances: np.ndarray
    limbs: np.ndarray
    focal_px: float


# ---------------------------------------------------------------------------------------------------------------------
# Random draws
# ---------------------------------------------------------------------------------------------------------------------


class _Draws:
    """Cheap scalar draws from one generator (a generator call per scalar would cost more than the rendering)."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._stream = self._blocks(rng)

    @staticmethod
    def _blocks(rng: np.random.Generator) -> Iterator[float]:
        while True:
            yield from rng.random(512).tolist()

    def __call__(self, low: float = 0.0, high: float = 1.0) -> float:
        return low + (high - low) * next(self._stream)

    def integer(self, low: int, high: int) -> int:
        """Uniform integer in low..high, both included."""
        return low + int(next(self._stream) * (high - low + 1))

    def chance(self, probability: float) -> bool:
        return next(self._stream) < probability

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(next(self._stream) * len(options))]


# ---------------------------------------------------------------------------------------------------------------------
# Materials
# ---------------------------------------------------------------------------------------------------------------------

_PLAIN, _CHECKER, _STRIPES, _NOISE, _WOOD, _DOTS, _FRAME, _PANEL, _PANES = range(9)
_SURFACES = (_PLAIN,) * 6 + (_CHECKER,) * 2 + (_STRIPES,) * 3 + (_NOISE,) * 4 + (_WOOD,) * 3 + (_DOTS,) * 2


class _Material(NamedTuple):
    pattern: int
    base: tuple[float, float, float]
    second: tuple[float, float, float]
    frequency: float  # periods per metre
    angle: float
    offset: float
    emission: float


def _colour(draw: _Draws) -> tuple[float, float, float]:
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


def _material(draw: _Draws, pattern: int | None = None, emission: float = 0.0) -> _Material:
    base = _colour(draw)
    if draw.chance(0.35):
        second = _colour(draw)
    else:
        shade = draw(0.4, 0.8)
        second = (base[0] * shade, base[1] * shade, base[2] * shade)
    pattern = draw.pick(_SURFACES) if pattern is None else pattern
    angle = draw.pick((0.0, 0.0, math.pi / 2, math.pi / 4)) + draw(-0.05, 0.05)
    frequency = math.exp(draw(math.log(1.2), math.log(7.0)))
    return _Material(pattern, base, second, frequency, angle, draw(0.0, 50.0), emission)


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


def _pattern(kind: int, u: np.ndarray, v: np.ndarray, un: np.ndarray, vn: np.ndarray) -> np.ndarray:
    """How much of the second colour, 0..1; all (N,). `u, v` in periods, `un, vn` in -1..1 over the piece's face."""
    if kind == _CHECKER:
        return ((np.floor(u) + np.floor(v)) % 2).astype(np.float32)
    if kind == _STRIPES:
        return (u % 1 < 0.4).astype(np.float32)
    if kind == _NOISE:
        return _noise(u, v)
    if kind == _WOOD:
        return 0.5 + 0.5 * np.sin(6.283 * (u + 1.5 * _noise(0.3 * u, 0.08 * v)))
    if kind == _DOTS:
        return ((u % 1 - 0.5) ** 2 + (v % 1 - 0.5) ** 2 < 0.08).astype(np.float32)
    if kind == _FRAME:  # a picture: dark rim, blotches inside
        return np.where(np.maximum(np.abs(un), np.abs(vn)) > 0.85, 1.0, 0.8 * (_noise(u, v) > 0.5)).astype(np.float32)
    if kind == _PANEL:  # a door or a cupboard front: two inset panels
        panel = np.maximum(np.abs(un), np.abs(np.abs(vn) - 0.47) * 2)
        return np.where(np.abs(panel - 0.74) < 0.07, 0.9, 0.15 * (panel < 0.74)).astype(np.float32)
    if kind == _PANES:  # a window: rim and one cross
        bar = np.minimum(np.abs(un), np.abs(vn)) < 0.06
        return (bar | (np.maximum(np.abs(un), np.abs(vn)) > 0.9)).astype(np.float32)
    return np.zeros_like(u)


# ---------------------------------------------------------------------------------------------------------------------
# Things: lists of primitives in a local frame (x right, y towards the back, z up, standing on z = 0)
# ---------------------------------------------------------------------------------------------------------------------

_BOX, _ELLIPSOID, _CONE = range(3)
_UPRIGHT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
Vector = tuple[float, float, float]


class _Piece(NamedTuple):
    shape: int
    centre: Vector
    half: Vector
    material: _Material
    taper: float = 1.0  # top radius over bottom radius, of a cone
    axes: tuple[Vector, Vector, Vector] = _UPRIGHT  # rows: the piece's own axes
    limb: int = 0
    label: str = ''  # class, where it differs from the thing's


class _Thing(NamedTuple):
    label: str
    pieces: list[_Piece]
    half_x: float
    half_y: float
    height: float


def _box(
    x0: float, x1: float, y0: float, y1: float, z0: float, z1: float, material: _Material, label: str = ''
) -> _Piece:
    centre = ((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2)
    return _Piece(_BOX, centre, ((x1 - x0) / 2, (y1 - y0) / 2, (z1 - z0) / 2), material, label=label)


def _cone(x: float, y: float, z0: float, z1: float, radius: float, material: _Material, taper: float = 1.0) -> _Piece:
    return _Piece(_CONE, (x, y, (z0 + z1) / 2), (radius, radius, (z1 - z0) / 2), material, taper)


def _sphere(x: float, y: float, z: float, radius: float, material: _Material) -> _Piece:
    return _Piece(_ELLIPSOID, (x, y, z), (radius, radius, radius), material)


def _legs(draw: _Draws, hx: float, hy: float, height: float, thick: float, material: _Material) -> list[_Piece]:
    hx, hy, round_ = hx - thick - 0.01, hy - thick - 0.01, draw.chance(0.4)
    corners = [(sx * hx, sy * hy) for sx in (-1, 1) for sy in (-1, 1)]
    if round_:
        return [_cone(x, y, 0, height, thick, material) for x, y in corners]
    return [_box(x - thick, x + thick, y - thick, y + thick, 0, height, material) for x, y in corners]


def _bed(draw: _Draws) -> _Thing:
    hx, hy, low, high = draw(0.45, 0.95), draw(0.95, 1.08), draw(0.08, 0.3), draw(0.42, 0.62)
    frame, sheet, cover, pillow = (_material(draw) for _ in range(4))
    pieces = [
        _box(-hx, hx, -hy, hy, 0.0 if draw.chance(0.6) else 0.08, low + 0.05, frame),
        _box(-hx + 0.03, hx - 0.03, -hy + 0.03, hy - 0.06, low + 0.05, high, sheet),
        _box(-hx, hx, -hy + 0.01, hy * draw(0.1, 0.45), low + 0.12, high + 0.02, cover),
        _box(-hx, hx, hy - 0.06, hy, 0.0, high + draw(0.1, 0.6), frame),
    ]
    for x in (-hx / 2, hx / 2) if hx > 0.65 else (0.0,):
        pieces.append(_Piece(_ELLIPSOID, (x, hy - 0.3, high + 0.04), (min(0.36, hx * 0.48), 0.2, 0.1), pillow))
    return _Thing('bed', pieces, hx, hy, high)


def _sofa(draw: _Draws) -> _Thing:
    hx, hy, seat, back, arm = draw(0.5, 1.1), draw(0.38, 0.48), draw(0.36, 0.47), draw(0.72, 0.98), draw(0.1, 0.2)
    body, cushion = _material(draw), _material(draw)
    if draw.chance(0.5):
        cushion = body
    pieces = [
        _box(-hx, hx, -hy, hy, 0.06, seat - 0.1, body),
        _box(-hx + arm, hx - arm, -hy + 0.01, hy - 0.2, seat - 0.1, seat, cushion),
        _box(-hx + arm, hx - arm, hy - 0.22, hy, seat - 0.1, back, body),
    ]
    for side in (-1, 1):
        x0, x1 = sorted((side * hx, side * (hx - arm)))
        pieces.append(_box(x0, x1, -hy, hy, 0.0, seat + draw(0.14, 0.2), body))
    if draw.chance(0.5):
        pillow, x = _material(draw), draw(-0.6, 0.6) * (hx - arm)
        pieces.append(_Piece(_ELLIPSOID, (x, hy - 0.3, seat + 0.17), (0.2, 0.1, 0.17), pillow))
    return _Thing('sofa', pieces, hx, hy, back)


def _table(draw: _Draws) -> _Thing:
    height, thick = draw(0.4, 0.8), draw(0.02, 0.05)
    top, leg = _material(draw), _material(draw)
    if draw.chance(0.3):
        radius = draw(0.35, 0.65)
        pieces = [
            _cone(0, 0, height - thick, height, radius, top),
            _cone(0, 0, 0.03, height - thick, draw(0.04, 0.08), leg),
            _cone(0, 0, 0, 0.03, radius * 0.6, leg),
        ]
        return _Thing('table', pieces, radius, radius, height)
    hx, hy = draw(0.4, 0.9), draw(0.3, 0.5)
    pieces = _legs(draw, hx, hy, height - thick, draw(0.02, 0.045), leg)
    pieces.append(_box(-hx, hx, -hy, hy, height - thick, height, top))
    if draw.chance(0.3):
        pieces.append(_box(-hx + 0.06, hx - 0.06, -hy + 0.06, hy - 0.06, height - 0.16, height - thick, leg))
    return _Thing('table', pieces, hx, hy, height)


def _chair(draw: _Draws) -> _Thing:
    hx, hy, seat, back = draw(0.19, 0.26), draw(0.19, 0.25), draw(0.4, 0.48), draw(0.78, 1.05)
    wood, pad = _material(draw), _material(draw)
    pieces = _legs(draw, hx, hy, seat - 0.045, draw(0.015, 0.028), wood)
    pieces.append(_box(-hx, hx, -hy, hy, seat - 0.045, seat, pad))
    if draw.chance(0.5):
        pieces.append(_box(-hx, hx, hy - 0.03, hy, seat, back, pad if draw.chance(0.5) else wood))
    else:
        pieces += [_box(side * hx - 0.02, side * hx + 0.02, hy - 0.03, hy, seat, back, wood) for side in (-0.9, 0.9)]
        pieces.append(_box(-hx, hx, hy - 0.035, hy - 0.005, back - draw(0.1, 0.3), back, wood))
    return _Thing('chair', pieces, hx, hy, back)


def _cabinet(draw: _Draws) -> _Thing:
    hx, hy, height = draw(0.3, 0.9), draw(0.2, 0.32), draw(0.5, 2.1)
    body = _material(draw)
    front = body._replace(pattern=_PANEL) if draw.chance(0.6) else _material(draw)
    if draw.chance(0.35):  # open shelves
        boards = draw.integer(2, 4)
        step = (height - 0.04) / boards
        pieces = [_box(-hx, hx, -hy, hy, i * step, i * step + 0.04, body) for i in range(boards + 1)]
        pieces += [_box(x0, x0 + 0.04, -hy, hy, 0.0, height, body) for x0 in (-hx, hx - 0.04)]
        pieces.append(_box(-hx, hx, hy - 0.02, hy, 0.0, height, front))
    else:
        columns = 1 + int(hx > 0.45) + int(hx > 0.75)
        width = 2 * hx / columns
        pieces = [_box(-hx, hx, -hy + 0.02, hy, 0.0, height, body)]
        for i in range(columns):
            x0 = -hx + i * width
            pieces.append(_box(x0 + 0.01, x0 + width - 0.01, -hy, -hy + 0.03, 0.06, height - 0.03, front))
    return _Thing('cabinet', pieces, hx, hy, height)


def _lamp(draw: _Draws) -> _Thing:
    metal, height, radius = _material(draw), draw(1.1, 1.8), draw(0.13, 0.28)
    shade = _material(draw, emission=draw(0.5, 1.6) if draw.chance(0.5) else 0.0)
    pieces = [_cone(0, 0, 0, 0.03, radius * 0.8, metal), _cone(0, 0, 0.03, height - 0.1, 0.02, metal)]
    if draw.chance(0.7):
        pieces.append(_cone(0, 0, height - draw(0.2, 0.4), height, radius, shade, draw(0.4, 1.0)))
    else:
        pieces.append(_sphere(0, 0, height, radius * 0.8, shade))
    return _Thing('lamp', pieces, radius, radius, height)


def _ball(draw: _Draws) -> _Thing:
    radius = draw(0.1, 0.36)
    return _Thing('ball', [_sphere(0, 0, radius, radius, _material(draw))], radius, radius, 2 * radius)


def _bone(a: Vector, b: Vector, radius: float, material: _Material, limb: str, stretch: float = 1.12) -> _Piece:
    """An ellipsoid from joint a to joint b."""
    d = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    w = (d[0] / length, d[1] / length, d[2] / length)
    s = math.hypot(w[1], w[2])  # u = w × x, normalised; falls back to y where the bone lies along x
    u = (0.0, w[2] / s, -w[1] / s) if s > 1e-3 else (0.0, 1.0, 0.0)
    v = (w[1] * u[2] - w[2] * u[1], w[2] * u[0] - w[0] * u[2], w[0] * u[1] - w[1] * u[0])
    centre = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
    return _Piece(_ELLIPSOID, centre, (radius, radius, length / 2 * stretch), material, 1.0, (u, v, w), _LIMB_ID[limb])


def _reach(start: Vector, length: float, swing: float, spread: float) -> Vector:
    """End of a bone hanging down, swung forwards (-y) and spread sideways (x), radians."""
    return (
        start[0] + length * math.sin(spread),
        start[1] - length * math.sin(swing) * math.cos(spread),
        start[2] - length * math.cos(swing) * math.cos(spread),
    )


def _person(draw: _Draws) -> _Thing:
    """A mannequin facing -y, standing or sitting on a chair. Its left is +x."""
    sitting, s = draw.chance(0.3), draw(0.85, 1.08)
    shirt, trousers, shoes, hair = (_material(draw) for _ in range(4))
    tone = draw(0.12, 0.9)
    skin = _Material(_PLAIN, (tone, tone * draw(0.55, 0.78), tone * draw(0.35, 0.62)), (0, 0, 0), 1, 0, 0, 0)
    sleeve, shorts = draw.chance(0.5), draw.chance(0.25)
    girth, lean = draw(0.88, 1.25), draw(-0.03, 0.12)

    def torso(y: float, z: float, hx: float, hy: float, hz: float, name: str, material: _Material) -> _Piece:
        return _Piece(_ELLIPSOID, (0.0, y * s, z * s), (hx * s, hy * s, hz * s), material, limb=_LIMB_ID[name])

    pieces = [
        torso(0.0, 0.98, 0.165 * girth, 0.115 * girth, 0.14, 'torso', trousers),
        torso(-lean / 2, 1.17, 0.155 * girth, 0.11 * girth, 0.26, 'torso', shirt),
        torso(-lean, 1.31, 0.185 * girth, 0.115 * girth, 0.2, 'torso', shirt),
        torso(-lean, 1.5, 0.055, 0.055, 0.08, 'neck', skin),
        torso(-lean * 1.1, 1.64, 0.082, 0.1, 0.12, 'head', skin),
        torso(-lean * 1.1 + 0.025, 1.685, 0.09, 0.1, 0.09, 'hair', hair),
    ]
    for side, x in (('l', 1.0), ('r', -1.0)):
        shoulder = (x * 0.2 * s * girth, -lean * s, 1.42 * s)
        swing, spread = draw(-0.5, 1.0), x * draw(0.08, 0.5)
        if draw.chance(0.2):
            swing, spread = draw(0.8, 2.6), x * draw(0.1, 1.0)
        elbow = _reach(shoulder, 0.29 * s, swing, spread)
        swing += draw(0.05, 1.5)
        wrist = _reach(elbow, 0.26 * s, swing, spread * 0.6)
        hand = _reach(wrist, 0.13 * s, swing, spread * 0.6)
        pieces += [
            _bone(shoulder, elbow, 0.055 * s, shirt, side + 'uarm', 1.2),
            _bone(elbow, wrist, 0.045 * s, shirt if sleeve else skin, side + 'larm', 1.2),
            _bone(wrist, hand, 0.042 * s, skin, side + 'hand'),
        ]
        hip = (x * 0.095 * s, 0.0, 0.93 * s)
        swing, spread = (draw(1.3, 1.55), x * draw(0.0, 0.25)) if sitting else (draw(-0.35, 0.45), x * draw(0.0, 0.14))
        knee = _reach(hip, 0.44 * s, swing, spread)
        swing -= draw(1.2, 1.6) if sitting else draw(0.0, 0.5)
        ankle = _reach(knee, 0.42 * s, swing, spread * 0.3)
        toe = (ankle[0] + 0.02 * x, ankle[1] - 0.17 * s, ankle[2] - 0.05 * s)
        heel = (ankle[0], ankle[1] + 0.06 * s, ankle[2] - 0.03 * s)
        pieces += [
            _bone(hip, knee, 0.085 * s, trousers, side + 'uleg', 1.15),
            _bone(knee, ankle, 0.06 * s, skin if shorts else trousers, side + 'lleg', 1.15),
            _bone(heel, toe, 0.045 * s, shoes, side + 'foot'),
        ]
    lowest = min(piece.centre[2] for piece in pieces) - 0.045 * s
    pieces = [p._replace(centre=(p.centre[0], p.centre[1], p.centre[2] - lowest)) for p in pieces]
    height = 1.76 * s - lowest
    if not sitting:
        return _Thing('person', pieces, 0.35, 0.35, height)
    wood, seat = _material(draw), 0.86 * s - lowest
    pieces += [
        _box(-0.24, 0.24, -0.26, 0.24, seat - 0.05, seat, wood, 'chair'),
        _box(-0.24, 0.24, 0.2, 0.24, seat, seat + draw(0.3, 0.55), wood, 'chair'),
    ]
    pieces += [p._replace(label='chair') for p in _legs(draw, 0.24, 0.24, seat - 0.05, 0.022, wood)]
    return _Thing('person', pieces, 0.42, 0.55, height)


# ---------------------------------------------------------------------------------------------------------------------
# The room: camera, walls, what stands where
# ---------------------------------------------------------------------------------------------------------------------

_FURNITURE = (_bed, _sofa, _sofa, _table, _table, _chair, _chair, _cabinet, _cabinet, _lamp, _lamp, _ball, _ball)
_BACK_TO_WALL = {'bed': 1.0, 'sofa': 0.6, 'cabinet': 1.0, 'table': 0.3, 'chair': 0.2, 'lamp': 0.3}  # how often
_PULL = {'person': 2.2, 'ball': 1.6, 'lamp': 1.1, 'chair': 1.2}  # how much a class draws the eye; others 1


class _Camera(NamedTuple):
    position: np.ndarray  # (3,) world
    to_world: np.ndarray  # (3, 3): columns are the camera's right, down, forward
    focal: float  # in picture heights


class _Footprint(NamedTuple):
    x0: float
    x1: float
    y0: float
    y1: float
    height: float


@dataclass
class _World:
    """Everything that does not depend on the picture's size."""

    half: Vector  # of the room
    camera: _Camera
    pieces: list[_Piece]  # in world axes; the first three stand for walls, floor, ceiling
    labels: list[int]
    regions: list[int]
    salient: list[int]  # regions
    footprints: list[_Footprint]
    sun: Vector
    sun_strength: float
    ambient: float
    bulb: Vector
    bulb_strength: float
    tint: Vector
    brightness: float
    noise: float
    vignette: float


def _camera(draw: _Draws, half: Vector) -> _Camera:
    margin_x = max(0.0, half[0] - 1.0)
    x, y, z = draw(-margin_x, margin_x), -half[1] + draw(0.3, 0.9), draw(1.1, 1.8)
    yaw = -x / half[0] * draw(0.1, 0.5) + draw(-0.35, 0.35)  # rather towards the middle
    pitch = -math.radians(draw(2.0, 20.0)) if draw.chance(0.85) else math.radians(draw(0.0, 6.0))
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    right, forward = (cy, -sy, 0.0), (sy * cp, cy * cp, sp)
    down = (sy * sp, cy * sp, -cp)
    focal = 0.5 / math.tan(math.radians(draw(44.0, 62.0)) / 2)
    return _Camera(np.array((x, y, z)), np.array((right, down, forward)).T, focal)


def _turn(piece: _Piece, x: float, y: float, z: float, yaw: float) -> _Piece:
    c, s = math.cos(yaw), math.sin(yaw)
    px, py, pz = piece.centre
    u, v, w = ((c * ax - s * ay, s * ax + c * ay, az) for ax, ay, az in piece.axes)
    return piece._replace(centre=(x + c * px - s * py, y + s * px + c * py, z + pz), axes=(u, v, w))


def _place(draw: _Draws, thing: _Thing, half: Vector, camera: _Camera, taken: list[_Footprint]) -> Vector | None:
    """(x, y, yaw) where the thing stands in view, free of the others, not at the camera's nose; None if no try fits."""
    back_to_wall = draw.chance(_BACK_TO_WALL.get(thing.label, 0.0))
    camera_x, camera_y = float(camera.position[0]), float(camera.position[1])
    right, forward = camera.to_world[:, 0].tolist(), camera.to_world[:, 2].tolist()
    reach = 0.9 * (4 / 3) * 0.5 / camera.focal
    for _ in range(16):
        if back_to_wall:
            yaw = draw.pick((0.0, math.pi / 2, -math.pi / 2))
        elif thing.label == 'person':
            yaw = draw(-1.3, 1.3) if draw.chance(0.7) else draw(-math.pi, math.pi)
        else:
            yaw = draw.pick((0.0, math.pi / 2, math.pi, -math.pi / 2)) + draw(-0.5, 0.5)
        c, s = abs(math.cos(yaw)), abs(math.sin(yaw))
        hx, hy = c * thing.half_x + s * thing.half_y, s * thing.half_x + c * thing.half_y
        x, y = draw(-1, 1) * (half[0] - hx - 0.02), draw(-1, 1) * (half[1] - hy - 0.02)
        if back_to_wall and yaw == 0.0:
            y = half[1] - hy - 0.02
        elif back_to_wall:
            x = -math.copysign(half[0] - hx - 0.02, yaw)
        if hx > half[0] - 0.02 or hy > half[1] - 0.02:
            continue
        dx, dy = x - camera_x, y - camera_y
        depth = dx * forward[0] + dy * forward[1]
        if depth < 1.3 or abs(dx * right[0] + dy * right[1]) > reach * depth:
            continue
        gap = math.hypot(max(0.0, abs(dx) - hx), max(0.0, abs(dy) - hy))
        if gap < (1.6 if thing.height > 1.0 else 1.1):
            continue
        here = _Footprint(x - hx, x + hx, y - hy, y + hy, thing.height)
        if any(here.x0 < o.x1 and o.x0 < here.x1 and here.y0 < o.y1 and o.y0 < here.y1 for o in taken):
            continue
        taken.append(here)
        return x, y, yaw
    return None


def _hangings(draw: _Draws, half: Vector, height: float) -> list[tuple[str, _Piece]]:
    """Pictures, windows and doors: thin boxes on the left, far and right wall, at free places."""
    found: list[tuple[str, _Piece]] = []
    used: list[tuple[int, float, float]] = []
    chances = (('door', 0.5), ('window', 0.55), ('picture', 0.7), ('picture', 0.4))
    wanted = [name for name, chance in chances if draw.chance(chance)]
    daylight = draw(0.7, 1.8) if draw.chance(0.7) else 0.05
    for name in wanted:
        for _ in range(4):
            wall = draw.pick((0, 1, 1, 1, 2))
            if name == 'door':
                width, z0, z1 = draw(0.38, 0.5), 0.0, draw(1.95, 2.15)
            elif name == 'window':
                width, z0, z1 = draw(0.4, 0.9), draw(0.8, 1.1), draw(1.8, 2.15)
            else:
                width, z0 = draw(0.18, 0.55), draw(1.05, 1.5)
                z1 = z0 + draw(0.35, 0.8)
            span = (half[0] if wall == 1 else half[1]) - width - 0.05
            at = draw(-0.3 if wall != 1 else -1.0, 1.0) * span
            if any(w == wall and at - width < b and a < at + width for w, a, b in used):
                continue
            used.append((wall, at - width, at + width))
            pattern = {'door': _PANEL, 'window': _PANES, 'picture': draw.pick((_FRAME, _FRAME, _NOISE, _STRIPES))}[name]
            material = _material(draw, pattern, daylight if name == 'window' else 0.0)
            thin, z1 = 0.03, min(z1, height - 0.1)
            if wall == 1:
                piece = _box(at - width, at + width, half[1] - thin, half[1] + thin, z0, z1, material)
            else:
                x = (wall - 1) * half[0]
                piece = _box(x - thin, x + thin, at - width, at + width, z0, z1, material)
            found.append((name, piece))
            break
    return found


def _salient(camera: _Camera, centres: list[tuple[int, str, Vector, float]]) -> list[int]:
    """Regions of the one or two things that draw the eye most: large, central, and of a striking class.

    `centres`: (region, class, world centre, size in metres). Only geometry counts: the choice is the same at every
    picture size.
    """
    scores = []
    for region, label, centre, size in centres:
        x, y, z = ((np.array(centre) - camera.position) @ camera.to_world).tolist()
        if z > 0.5:
            u, v = x / z * camera.focal / (4 / 3), y / z * camera.focal
            extent = min(1.0, size / z * camera.focal)
            scores.append((math.exp(-(u * u + v * v) / 0.18) * extent * _PULL.get(label, 1.0), region))
    scores.sort(reverse=True)
    return [region for score, region in scores[:2] if score > 0.12 and score > 0.7 * scores[0][0]]


def _build(draw: _Draws) -> _World:
    half = (draw(1.6, 3.1), draw(2.0, 3.7), draw(2.3, 3.1) / 2)
    height = 2 * half[2]
    camera = _camera(draw, half)
    room = [_Piece(_BOX, (0.0, 0.0, half[2]), half, _material(draw)) for _ in range(3)]
    pieces, labels, regions = list(room), [_ID['wall'], _ID['floor'], _ID['ceiling']], [1, 2, 3]
    taken: list[_Footprint] = []
    centres: list[tuple[int, str, Vector, float]] = []
    region = 3
    bulb: Vector = (draw(-0.6, 0.6) * half[0], draw(-0.6, 0.6) * half[1], height - 0.3)

    def put(label: str, new: list[_Piece]) -> int:
        """Adds pieces as one region, and those with a class of their own (the chair of one who sits) as another."""
        nonlocal region
        region += 1
        own = region
        for piece in new:
            pieces.append(piece)
            labels.append(_ID[piece.label or label])
            regions.append(own + 1 if piece.label else own)
            region = max(region, regions[-1])
        return own

    if draw.chance(0.45):
        hx, hy, x, y = draw(0.5, 1.4), draw(0.4, 1.0), draw(-0.5, 0.5) * half[0], draw(-0.3, 0.5) * half[1]
        hx, hy = min(hx, half[0] - abs(x)), min(hy, half[1] - abs(y))
        rug = _material(draw)
        oblong = draw.chance(0.6)
        round_ = _cone(x, y, 0, 0.012, min(hx, hy), rug)
        put('rug', [_box(x - hx, x + hx, y - hy, y + hy, 0, 0.012, rug) if oblong else round_])
    for label, piece in _hangings(draw, half, height):
        put(label, [piece])

    makers = [_person] * (draw.chance(0.58) + draw.chance(0.12))
    makers += [draw.pick(_FURNITURE) for _ in range(draw.integer(3, 8) - len(makers))]
    order = {_bed: 0, _sofa: 1, _cabinet: 2}  # the big ones first, while there is room
    for make in sorted(makers, key=lambda m: order.get(m, 3)):
        thing = make(draw)
        where = _place(draw, thing, half, camera, taken)
        if where is None:
            continue
        x, y, yaw = where
        own = put(thing.label, [_turn(piece, x, y, 0.0, yaw) for piece in thing.pieces])
        extent = max(thing.height, 2 * min(thing.half_x, thing.half_y))
        centres.append((own, thing.label, (x, y, thing.height / 2), extent))
        if thing.label == 'lamp' and thing.pieces[-1].material.emission > 0:
            bulb = (x, y, thing.height + 0.15)
        if thing.label == 'table' and draw.chance(0.35):
            radius = draw(0.06, 0.16)
            ball = _sphere(x, y, thing.height + radius, radius, _material(draw))
            own = put('ball', [ball])
            centres.append((own, 'ball', ball.centre, 2 * radius))
    if draw.chance(0.25):  # a lamp that hangs from the ceiling
        x, y, drop, radius = draw(-0.4, 0.4) * half[0], draw(0.0, 0.6) * half[1], draw(0.3, 0.8), draw(0.12, 0.3)
        cord, shade = _material(draw), _material(draw, emission=draw(0.3, 1.5))
        low = height - drop
        hood = _cone(x, y, low - 0.18, low, radius, shade, draw(0.3, 1.0))
        put('lamp', [_cone(x, y, low, height, 0.012, cord), hood])
        bulb = (x, y, low - 0.3)

    azimuth, elevation = draw(0, 2 * math.pi), draw(0.5, 1.3)
    sun = (math.cos(azimuth) * math.cos(elevation), math.sin(azimuth) * math.cos(elevation), math.sin(elevation))
    warmth = draw(-0.14, 0.14)
    return _World(
        half=half,
        camera=camera,
        pieces=pieces,
        labels=labels,
        regions=regions,
        salient=_salient(camera, centres),
        footprints=taken,
        sun=sun,
        sun_strength=draw(0.1, 0.8),
        ambient=draw(0.25, 0.6),
        bulb=bulb,
        bulb_strength=draw(0.0, 3.0),
        tint=(1 + warmth, 1.0, 1 - warmth),
        brightness=draw(0.16, 0.34),
        noise=draw(0.004, 0.03),
        vignette=draw(0.0, 0.35),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Rendering
# ---------------------------------------------------------------------------------------------------------------------


class _Frames(NamedTuple):
    """Per piece (K): the affine map from camera axes into the unit frame, and what shading looks up."""

    matrix: np.ndarray  # (K, 3, 3) float32
    origin: np.ndarray  # (K, 3) float32: the camera in the unit frame
    half: np.ndarray  # (K, 3) float32
    shape: np.ndarray  # (K,) int
    slope: np.ndarray  # (K,) float32: (taper - 1) / 2
    boxes: np.ndarray  # (K, 4) top, bottom, left, right in pixels


def _frames(world: _World, size: Size, focal_px: float) -> _Frames:
    pieces, camera = world.pieces, world.camera
    axes = np.array([p.axes for p in pieces])
    half = np.array([p.half for p in pieces])
    centre = np.array([p.centre for p in pieces])
    scaled = axes / half[:, :, None]
    matrix = scaled @ camera.to_world
    origin = np.einsum('kij,kj->ki', scaled, camera.position - centre)
    signs = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], float)
    corners = (centre - camera.position)[:, None] + np.einsum('nj,kji->kni', signs, axes * half[:, :, None])
    corners = corners @ camera.to_world
    z = corners[..., 2]
    behind, all_behind = (z < _NEAR_M).any(1), (z < _NEAR_M).all(1)
    pixel = corners[..., :2] / np.maximum(z, _NEAR_M)[..., None] * focal_px + (size[1] / 2, size[0] / 2)
    low, high = np.floor(pixel.min(1)) - 1, np.ceil(pixel.max(1)) + 1
    limits = np.stack((low[:, 1], high[:, 1], low[:, 0], high[:, 0]), 1)
    limits[behind] = (0, size[0], 0, size[1])
    limits[all_behind] = 0
    boxes = np.clip(limits, 0, (size[0], size[0], size[1], size[1])).astype(int)
    slope = np.array([(p.taper - 1) / 2 for p in pieces], np.float32)
    shape = np.array([p.shape for p in pieces])
    matrix, origin, half = (a.astype(np.float32) for a in (matrix, origin, half))
    return _Frames(matrix, origin, half, shape, slope, boxes)


def _nearest_hit(shape: int, slope: float, o: list[float], d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rays o + t d, d (3, h, w), enter and leave the unit shape: (t_in, t_out).

    It is hit where t_in < t_out; both may be NaN where it is missed.
    """
    if shape == _BOX:
        inverse = 1 / d
        reach = np.abs(inverse)
        inverse *= np.array(o, np.float32)[:, None, None]  # the slabs' middles, negated
        enter, leave = -inverse - reach, reach - inverse
        first, last = np.maximum(enter[0], enter[1]), np.minimum(leave[0], leave[1])
        return np.maximum(first, enter[2]), np.minimum(last, leave[2])
    if shape == _ELLIPSOID:
        a = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
        b = o[0] * d[0] + o[1] * d[1] + o[2] * d[2]
        root = np.sqrt(b * b - a * (o[0] ** 2 + o[1] ** 2 + o[2] ** 2 - 1))
        return (-b - root) / a, (root - b) / a
    radius = 1 + slope + slope * o[2]
    a = d[0] * d[0] + d[1] * d[1] - (slope * d[2]) ** 2
    b = o[0] * d[0] + o[1] * d[1] - (slope * radius) * d[2]
    root = np.sqrt(b * b - a * (o[0] ** 2 + o[1] ** 2 - radius**2))
    inverse = 1 / d[2]
    reach = np.abs(inverse)
    return np.maximum((-b - root) / a, -o[2] * inverse - reach), np.minimum((root - b) / a, reach - o[2] * inverse)


def _rasterise(frames: _Frames, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth (H, W) float32 and piece index (H, W) int64. `x` (W,), `y` (H,): ray slopes."""
    matrix, origin = frames.matrix, frames.origin
    along_x = matrix[:, :, 0, None] * x  # (K, 3, W)
    along_y = matrix[:, :, 1, None] * y + matrix[:, :, 2, None]  # (K, 3, H)
    d = along_x[0][:, None, :] + along_y[0][:, :, None]
    leave = 1 / np.abs(d) - origin[0][:, None, None] / d  # from inside the room: the far side of each slab
    depth = np.minimum(np.minimum(leave[0], leave[1]), leave[2])
    index = np.where(leave[2] > depth, 0, np.where(d[2] < 0, 1, 2))
    boxes, origins = frames.boxes.tolist(), origin.tolist()
    shapes, slopes = frames.shape.tolist(), frames.slope.tolist()
    for k in range(3, len(boxes)):
        top, bottom, left, right = boxes[k]
        if top >= bottom or left >= right:
            continue
        d = along_x[k][:, None, left:right] + along_y[k][:, top:bottom, None]
        enter, leave = _nearest_hit(shapes[k], slopes[k], origins[k], d)
        depth_here = depth[top:bottom, left:right]
        hit = (enter < leave) & (enter < depth_here) & (enter > _NEAR_M)
        np.copyto(depth_here, enter, where=hit)
        np.copyto(index[top:bottom, left:right], k, where=hit)
    return depth, index


def _local(frames: _Frames, index: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hit points in their pieces' unit frames (3, N), and the pieces' matrices (9, N)."""
    matrix = np.take(frames.matrix.reshape(-1, 9).T, index, axis=1)
    local = np.take(frames.origin.T, index, axis=1)
    for i in range(3):
        for j in range(3):
            local[i] += matrix[3 * i + j] * points[j]
    return local, matrix


def _unit_normals(frames: _Frames, index: np.ndarray, local: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outward normals in the unit frames (3, N), and the axis (N,) they point along most."""
    size = np.abs(local)
    axis = np.where(size[0] >= size[1], np.where(size[0] >= size[2], 0, 2), np.where(size[1] >= size[2], 1, 2))
    shape = frames.shape[index]
    normal = np.empty_like(local)
    box = shape == _BOX
    for i in range(3):
        normal[i] = np.where(box, np.where(axis == i, np.sign(local[i]), 0), local[i])
    cone = np.flatnonzero(shape == _CONE)
    if cone.size:
        x, y, z = local[:, cone]
        slope = frames.slope[index[cone]]
        radius = 1 + slope + slope * z
        cap = np.abs(np.abs(z) - 1) < np.abs(np.sqrt(x * x + y * y) - radius)
        normal[0, cone] = np.where(cap, 0, x)
        normal[1, cone] = np.where(cap, 0, y)
        normal[2, cone] = np.where(cap, np.sign(z), -slope * radius)
        axis[cone] = np.where(cap, 2, np.where(np.abs(x) >= np.abs(y), 0, 1))
    return normal, axis


def _normals(index: np.ndarray, unit: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Unit normals (3, N) in camera axes: the transposed map takes normals back. The room is seen from inside."""
    normal = np.empty_like(unit)
    for j in range(3):
        normal[j] = unit[0] * matrix[j] + unit[1] * matrix[3 + j] + unit[2] * matrix[6 + j]
    scale = 1 / np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    np.negative(scale, out=scale, where=index < 3)
    return normal * scale


def _albedo(
    world: _World, frames: _Frames, index: np.ndarray, local: np.ndarray, axis: np.ndarray, footprint_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Surface colour (3, N) and emission (N,).

    `footprint_m` (N,) is the width that a pixel covers: patterns as fine as that fade to their mean.
    """
    materials = [p.material for p in world.pieces]
    base = np.array([m.base for m in materials], np.float32).T
    second = np.array([m.second for m in materials], np.float32).T - base
    pattern = np.array([m.pattern for m in materials])
    frequency = np.array([m.frequency for m in materials], np.float32)
    angle = np.array([m.angle for m in materials], np.float32)
    wave = np.stack((frequency * np.cos(angle), frequency * np.sin(angle), [m.offset for m in materials], frequency))
    colour = np.take(base, index, axis=1)
    here = pattern[index]
    for kind in set(pattern.tolist()) - {_PLAIN}:
        at = np.flatnonzero(here == kind)
        piece, side, p = index[at], axis[at], local[:, at]
        un, vn = np.where(side == 0, p[1], p[0]), np.where(side == 2, p[1], p[2])
        half = frames.half.T[:, piece]
        u, v = un * np.where(side == 0, half[1], half[0]), vn * np.where(side == 2, half[1], half[2])
        cos, sin, offset, fine = wave.astype(np.float32)[:, piece]
        amount = _pattern(kind, u * cos + v * sin + offset, v * cos - u * sin + offset, un, vn)
        if kind in (_CHECKER, _STRIPES, _WOOD, _DOTS):
            sharp = np.clip(2 - 3 * fine * footprint_m[at], 0, 1)
            amount = 0.45 + (amount - 0.45) * sharp
        colour[:, at] += amount * second[:, piece]
    emission = np.array([m.emission for m in materials], np.float32)
    return colour, emission[index]


def _floor_shade(world: _World, local: np.ndarray, index: np.ndarray) -> np.ndarray:
    """(N,) factor: soft shadows of what stands on the floor, and dimmer room corners."""
    shade: np.ndarray = np.ones(index.size, np.float32)
    grid_x = np.linspace(-world.half[0], world.half[0], 48, dtype=np.float32)
    grid_y = np.linspace(-world.half[1], world.half[1], 48, dtype=np.float32)
    light: np.ndarray = np.ones((48, 48), np.float32)
    for item in world.footprints:
        drift = min(item.height, 1.2) * 0.35
        x0, x1 = item.x0 + min(0.0, -drift * world.sun[0]), item.x1 + max(0.0, -drift * world.sun[0])
        y0, y1 = item.y0 + min(0.0, -drift * world.sun[1]), item.y1 + max(0.0, -drift * world.sun[1])
        along_x = np.clip(((x1 - x0) / 2 + 0.12 - np.abs(grid_x - (x0 + x1) / 2)) / 0.24, 0, 1)
        along_y = np.clip(((y1 - y0) / 2 + 0.12 - np.abs(grid_y - (y0 + y1) / 2)) / 0.24, 0, 1)
        light *= 1 - 0.45 * along_y[:, None] * along_x
    room = np.flatnonzero(index < 3)
    p = local[:, room]
    floor = index[room] == 1
    column, row = ((p[0] + 1) * 23.5).astype(np.int32).clip(0, 47), ((p[1] + 1) * 23.5).astype(np.int32).clip(0, 47)
    size = np.abs(p)
    gaps = (1 - size) * np.array(world.half, np.float32)[:, None]
    gaps.partition(1, axis=0)
    corner = 1 - 0.3 * np.exp(-gaps[1] / 0.3)  # gaps[0] is 0: the face itself
    shade[room] = corner * np.where(floor, light[row, column], 1)
    return shade


def _shade(
    world: _World, albedo: np.ndarray, emission: np.ndarray, normal: np.ndarray, points: np.ndarray, shade: np.ndarray
) -> np.ndarray:
    """Linear RGB (3, N): hemisphere ambient + sun + one point light with fall-off, all in camera axes."""
    to_camera = world.camera.to_world.T
    up = to_camera[:, 2].astype(np.float32)
    sun = (to_camera @ np.array(world.sun)).astype(np.float32)
    bulb = (to_camera @ (np.array(world.bulb) - world.camera.position)).astype(np.float32)
    facing_up = normal[0] * up[0] + normal[1] * up[1] + normal[2] * up[2]
    facing_sun = normal[0] * sun[0] + normal[1] * sun[1] + normal[2] * sun[2]
    to_bulb = bulb[:, None] - points
    square = to_bulb[0] ** 2 + to_bulb[1] ** 2 + to_bulb[2] ** 2 + 0.05
    facing_bulb = (normal[0] * to_bulb[0] + normal[1] * to_bulb[1] + normal[2] * to_bulb[2]) / np.sqrt(square)
    light = world.ambient * (0.75 + 0.25 * facing_up)
    light += world.sun_strength * np.maximum(facing_sun, 0)
    light += world.bulb_strength * np.maximum(facing_bulb, 0) / (1 + square)
    light *= shade
    return albedo * (light + emission)


def _develop(world: _World, linear: np.ndarray, size: Size, rng: np.random.Generator) -> np.ndarray:
    """Exposure, white balance, vignette, sensor noise, gamma: (3, N) linear -> (H, W, 3) uint8."""
    h, w = size
    exposure = world.brightness / (float(linear.mean()) + 1e-4)
    y = np.linspace(-1, 1, h, dtype=np.float32)[:, None] ** 2
    x = np.linspace(-1, 1, w, dtype=np.float32)[None] ** 2
    falloff = (1 - world.vignette * 0.5 * (x + y)) * exposure
    picture = linear.reshape(3, h, w) * falloff
    picture *= np.array(world.tint, np.float32)[:, None, None]
    np.sqrt(np.clip(picture, 0, 1.0, out=picture), out=picture)
    picture += world.noise * rng.standard_normal(picture.shape, np.float32)
    picture *= 255
    picture += 0.5
    return np.ascontiguousarray(np.clip(picture, 0, 255, out=picture).astype(np.uint8).transpose(1, 2, 0))


def _borders(regions: np.ndarray) -> np.ndarray:
    edge = np.zeros(regions.shape, np.uint8)
    edge[:, :-1] = regions[:, :-1] != regions[:, 1:]
    edge[:-1] |= regions[:-1] != regions[1:]
    return edge


def render_scene(seed: int, index: int, size: Size = (96, 128)) -> Scene:
    """Renders scene `index` of the endless series `seed`.

    The scene (room, things, camera, light) follows from (seed, index) alone; `size` only sets how finely it is
    sampled. The vertical field of view is the scene's; a wider picture sees more at the sides. A pixel looks through
    its centre, so pixel (3i + 1, 3j + 1) at three times the size has the labels of pixel (i, j).

    Args:
        seed: which series, >= 0.
        index: which scene of it, >= 0.
        size: (height, width) in pixels.

    Raises:
        ValueError: seed or index is negative, or size is not positive.
    """
    h, w = size
    if seed < 0 or index < 0 or h < 1 or w < 1:
        raise ValueError(
            f'render_scene needs seed and index >= 0 and a positive size, not seed={seed}, index={index}, size={size}.'
        )
    world = _build(_Draws(np.random.default_rng([seed, index])))
    focal_px = world.camera.focal * h
    x = (((np.arange(w) + 0.5) / w - 0.5) * (w / h / world.camera.focal)).astype(np.float32)
    y = (((np.arange(h) + 0.5) / h - 0.5) / world.camera.focal).astype(np.float32)
    with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
        frames = _frames(world, size, focal_px)
        depth, piece = _rasterise(frames, x, y)
        points = np.stack((depth * x, depth * y[:, None], depth)).reshape(3, -1)
        flat = piece.ravel()
        local, matrix = _local(frames, flat, points)
        unit, axis = _unit_normals(frames, flat, local)
        normal = _normals(flat, unit, matrix)
        albedo, emission = _albedo(world, frames, flat, local, axis, points[2] * (1 / focal_px))
        linear = _shade(world, albedo, emission, normal, points, _floor_shade(world, local, flat))
    image = _develop(world, linear, size, np.random.default_rng([seed, index, 1]))

    regions = np.array(world.regions, np.uint8)
    instances = regions[piece]
    limbs = np.array([p.limb for p in world.pieces], np.uint8)[piece]
    parts = _PART_OF_LIMB[limbs] if limbs.any() else np.full(size, 255, np.uint8)
    return Scene(
        image=image,
        semseg=np.array(world.labels, np.uint8)[piece],
        depth_m=depth,
        normals=np.ascontiguousarray(normal.T).reshape(h, w, 3),
        edge=_borders(instances),
        sal=np.isin(regions, world.salient).astype(np.uint8)[piece],
        parts=parts,
        instances=instances,
        limbs=limbs,
        focal_px=focal_px,
    )


# ---------------------------------------------------------------------------------------------------------------------
# The data set
# ---------------------------------------------------------------------------------------------------------------------


def _start(split: str) -> int:
    if split not in SPLIT_START:
        raise ValueError(f"There is no split '{split}' of synthetic scenes; there are {', '.join(SPLIT_START)}.")
    return SPLIT_START[split]


@DATASETS.register_module()
class SyntheticScenes(TaskDataset):
    """Rendered rooms: a data set of any length that needs no file.

    Sample k of a split is scene `SPLIT_START[split] + k` of the series. Human parts are absent (None) where no person
    is visible. A kept sample of 96x128 with all six tasks takes about 300 kB.

    Args:
        tasks: as in `TaskDataset`; semseg, human_parts, sal, edge, depth and normals are offered.
        split: 'train', 'val' or 'test'; disjoint ranges of scenes.
        pipeline: as in `TaskDataset`.
        num_samples: length of the split.
        size: (height, width) in pixels.
        seed: which series of scenes.
        cache: keep what was rendered, so that later epochs cost nothing ('preload': render all at once).
        augment_seed: seed of the augmentation (the base class's `seed`); None: the run's.
        num_classes: as in `TaskDataset`.
        views: as in `TaskDataset`.
        name: as in `TaskDataset`.

    Raises:
        ValueError: `num_samples`, `size` or `seed` out of range, or what `TaskDataset` refuses.
    """

    OFFERS = {
        'semseg': 'class_map', 'human_parts': 'class_map', 'sal': 'binary_map', 'edge': 'binary_map', 'depth': 'depth',
        'normals': 'normals',
    }  # fmt: skip
    NUM_CLASSES = {'semseg': len(CLASSES), 'human_parts': len(PARTS)}
    CLASSES = {'semseg': CLASSES, 'human_parts': PARTS}
    SPLITS = tuple(SPLIT_START)

    def __init__(
        self, tasks: Mapping[str, TargetKind | str] | None = None, split: str = 'train', pipeline: Sequence[Any] = (),
        num_samples: int = 500, size: Size = (96, 128), seed: int = 0, cache: bool | str = True,
        augment_seed: int | None = None, num_classes: Mapping[str, int] | None = None, views: int | None = None,
        name: str | None = None,
    ) -> None:  # fmt: skip
        if not 1 <= num_samples <= 1_000_000:
            raise ValueError(f'num_samples={num_samples} of SyntheticScenes: use 1 to 1000000.')
        if len(size) != 2 or min(size) < 1:
            raise ValueError(f'size={size} of SyntheticScenes: use (height, width) in pixels.')
        if seed < 0:
            raise ValueError(f'seed={seed} of SyntheticScenes: use 0 or more.')
        super().__init__(
            tasks, split=split, pipeline=pipeline, seed=augment_seed, cache=cache, num_classes=num_classes, views=views,
            name=name,
        )  # fmt: skip
        self.num_samples = num_samples
        self.size = (int(size[0]), int(size[1]))
        self.scene_seed = seed

    def load_data_list(self) -> list[Entry]:
        start = _start(self.split)
        return [{'sample_id': f'{self.scene_seed}_{start + k:07d}', 'scene': start + k} for k in range(self.num_samples)]

    def read(self, entry: Entry) -> Sample:
        scene = render_scene(self.scene_seed, entry['scene'], self.size)
        classes = self.num_classes.get('semseg', len(CLASSES))  # a task with fewer classes leaves the others invalid
        labels: dict[str, np.ndarray | None] = {
            'semseg': np.where(scene.semseg < classes, scene.semseg, np.uint8(IGNORE)),
            'human_parts': scene.parts if scene.limbs.any() else None,
            'sal': scene.sal,
            'edge': scene.edge,
            'depth': scene.depth_m,
            'normals': scene.normals,
        }
        meta = SampleMeta(dataset=self.name, sample_id=entry['sample_id'], original_size=self.size)
        return Sample(image=scene.image, targets={task: labels[task] for task in self.reads}, meta=meta)


# ---------------------------------------------------------------------------------------------------------------------
# Writers: synthetic scenes in the folders and encodings of the real data sets
# ---------------------------------------------------------------------------------------------------------------------

_PASCAL_SIZES = ((375, 500), (333, 500), (500, 375), (281, 500), (500, 334), (360, 480))
_VOC_IDS = {'sofa': 18, 'table': 11, 'chair': 9, 'person': 15}
"""VOC's 20 classes among ours; the others are its background, 0."""
_CONTEXT_IDS = {
    'wall': 440, 'floor': 158, 'ceiling': 68, 'bed': 18, 'sofa': 368, 'table': 397, 'chair': 72, 'cabinet': 46,
    'lamp': 232, 'ball': 12, 'picture': 288, 'window': 454, 'door': 115, 'rug': 331, 'person': 284,
}  # fmt: skip
"""Ids of the size PASCAL-Context uses (1..459), one per class."""
_INSIDE_HEAD = {'head': ('head', 'hair')}  # PASCAL-Part masks may overlap: a head's mask holds its hair


def _write_image(path: Path, picture: np.ndarray, quality: int = 95) -> None:
    """Writes (H, W) or (H, W, 3) RGB uint8, making folders.

    Raises:
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if picture.ndim == 3:
        picture = picture[..., ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == '.jpg' else []
    if not cv2.imwrite(str(path), picture, options):
        raise OSError(f'Could not write the picture {path}.')


def _write_array(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)


def _write_mat(path: Path, **variables: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, variables, do_compression=True)


def _write_ids(path: Path, ids: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{sample_id}\n' for sample_id in ids), encoding='utf-8')


def _as_colours(normals: np.ndarray) -> np.ndarray:
    """Unit vectors as 8-bit RGB, so that n = 2 v / 255 - 1."""
    return np.round((normals + 1) * 127.5).astype(np.uint8)


def _table_of(ids: Mapping[str, int], dtype: type) -> np.ndarray:
    return np.array([ids.get(name, 0) for name in CLASSES], dtype)


def write_nyud_mt(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (96, 128), variant: str = 'drive'
) -> dict[str, list[str]]:
    """Writes scenes as one of the three NYUD-MT releases (fact sheet 2.1) straight under `root`.

    Segmentation holds class + 1; 0 would be unlabelled and does not occur. Normals are in camera axes, x right, y down,
    z forward.

    Args:
        root: the folder that stands for `NYUD_MT/` or `NYUDv2/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of pictures.
        size: (height, width).
        variant: 'drive' (jpg; png, npy, npy, npy), 'eth' (png throughout, depth npy) or 'astmt' (jpg; mat, jpg, png,
            mat): the files of image; segmentation, normals, edge, depth.

    Returns:
        split -> ids; sample k of a split is scene `SPLIT_START[split] + k`.

    Raises:
        ValueError: unknown variant or split.
    """
    if variant not in ('drive', 'eth', 'astmt'):
        raise ValueError(f"There is no NYUD-MT variant '{variant}'; there are drive, eth and astmt.")
    root, written, number = Path(root), {}, 0
    for split, count in counts.items():
        written[split] = [f'{number + k + 1:04d}' for k in range(count)]
        number += count
        for k, sample_id in enumerate(written[split]):
            scene = render_scene(seed, _start(split) + k, size)
            _write_image(root / 'images' / f'{sample_id}.{"png" if variant == "eth" else "jpg"}', scene.image)
            if variant == 'astmt':
                _write_mat(root / 'segmentation' / f'{sample_id}.mat', segmentation=scene.semseg + np.uint8(1))
                _write_image(root / 'normals' / f'{sample_id}.jpg', _as_colours(scene.normals), quality=100)
                _write_mat(root / 'depth' / f'{sample_id}.mat', depth=scene.depth_m)
            else:
                _write_image(root / 'segmentation' / f'{sample_id}.png', scene.semseg + np.uint8(1))
                _write_array(root / 'depth' / f'{sample_id}.npy', scene.depth_m)
            if variant == 'eth':
                _write_image(root / 'normals' / f'{sample_id}.png', _as_colours(scene.normals))
            elif variant == 'drive':
                _write_array(root / 'normals' / f'{sample_id}.npy', scene.normals)
                _write_array(root / 'edge' / f'{sample_id}.npy', scene.edge.astype(np.float32))
            if variant != 'drive':
                _write_image(root / 'edge' / f'{sample_id}.png', scene.edge * np.uint8(255))
        _write_ids(root / 'gt_sets' / f'{split}.txt', written[split])
    return written


def _voc_map(scene: Scene) -> np.ndarray:
    """VOC's 21 classes with the void band (255) that VOC draws around objects."""
    labels = _table_of(_VOC_IDS, np.uint8)[scene.semseg]
    things = np.where(labels > 0, scene.instances, 0).astype(np.uint8)
    kernel: np.ndarray = np.ones((3, 3), np.uint8)
    labels[cv2.dilate(things, kernel) != cv2.erode(things, kernel)] = 255
    return labels


def _struct(rows: Sequence[tuple[Any, ...]], names: Sequence[str]) -> np.ndarray:
    """A MATLAB 1 x N struct array."""
    array: np.ndarray = np.empty((1, len(rows)), dtype=[(name, object) for name in names])
    for i, row in enumerate(rows):
        array[0, i] = row
    return array


def _several(size: Size | Sequence[Size] | None) -> list[Size]:
    if size is None:
        return list(_PASCAL_SIZES)
    pairs = np.array(size).reshape(-1, 2)
    return [(int(h), int(w)) for h, w in pairs]


def _part_annotation(scene: Scene, sample_id: str) -> np.ndarray:
    """PASCAL-Part's `anno`: .imname, .objects(i) = (class, class_ind, mask, parts(j) = (part_name, mask))."""
    objects = []
    for region in np.unique(scene.instances).tolist():
        mask = scene.instances == region
        name = CLASSES[int(scene.semseg[mask][0])]
        if name not in _VOC_IDS:
            continue
        parts = []
        for limb in sorted(set(np.unique(scene.limbs[mask]).tolist()) - {0}):
            part = LIMBS[limb - 1][0]
            inside = [_LIMB_ID[other] for other in _INSIDE_HEAD.get(part, (part,))]
            parts.append((part, (mask & np.isin(scene.limbs, inside)).astype(np.uint8)))
        listed = _struct(parts, ('part_name', 'mask')) if parts else np.zeros((0, 0))
        objects.append((name, float(_VOC_IDS[name]), mask.astype(np.uint8), listed))
    return _struct([(sample_id, _struct(objects, ('class', 'class_ind', 'mask', 'parts')))], ('imname', 'objects'))


def write_pascal_mt(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size | Sequence[Size] | None = None
) -> dict[str, list[str]]:
    """Writes scenes in the layout of PASCAL-MT (fact sheet 2.2) straight under `root`.

    Every second id has only `semseg/pascal-context/ID.png` (no void band), the others only `semseg/VOC12/ID.png`.
    `LabelMap` numbers classes, as PASCAL-Context does: two chairs that touch are one region there.

    Args:
        root: the folder that stands for `PASCAL_MT/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of pictures.
        size: one (height, width), or several used in turn; None: sizes like PASCAL's, the longer side at most 500.

    Returns:
        split -> ids; sample k of a split is scene `SPLIT_START[split] + k`.

    Raises:
        ValueError: unknown split.
    """
    sizes = _several(size)
    context = _table_of(_CONTEXT_IDS, np.uint16)
    root, written, number = Path(root), {}, 0
    for split, count in counts.items():
        written[split] = [f'2008_{number + k + 1:06d}' for k in range(count)]
        number += count
        for k, sample_id in enumerate(written[split]):
            scene = render_scene(seed, _start(split) + k, sizes[k % len(sizes)])
            _write_image(root / 'JPEGImages' / f'{sample_id}.jpg', scene.image)
            if k % 2 == 0:
                _write_image(root / 'semseg' / 'VOC12' / f'{sample_id}.png', _voc_map(scene))
            else:
                labels = _table_of(_VOC_IDS, np.uint8)[scene.semseg]
                _write_image(root / 'semseg' / 'pascal-context' / f'{sample_id}.png', labels)
            _write_mat(root / 'pascal-context' / 'trainval' / f'{sample_id}.mat', LabelMap=context[scene.semseg])
            _write_mat(root / 'human_parts' / f'{sample_id}.mat', anno=_part_annotation(scene, sample_id))
            _write_image(root / 'normals_distill' / f'{sample_id}.png', _as_colours(scene.normals))
            _write_image(root / 'sal_distill' / f'{sample_id}.png', scene.sal * np.uint8(255))
        _write_ids(root / 'ImageSets' / 'Context' / f'{split}.txt', written[split])
    return written


def write_camvid(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (96, 128), suffix: str = '.png'
) -> dict[str, list[str]]:
    """Writes scenes in the folders of the SegNet tutorial's CamVid: `<split>/ID<suffix>`, `<split>annot/ID.png`.

    Our first 11 classes stand for CamVid's 0..10; the others become 11, which CamVid ignores. There are no list files.

    Args:
        root: the folder that holds `train/`, `trainannot/`, ...
        seed: series of `render_scene`.
        counts: split ('train', 'val', 'test') -> number of pictures.
        size: (height, width).
        suffix: '.png' as in the tutorial, or '.jpg'.

    Returns:
        split -> ids; sample k of a split is scene `SPLIT_START[split] + k`.

    Raises:
        ValueError: unknown split.
    """
    root, written = Path(root), {}
    for split, count in counts.items():
        written[split] = [f'0001TP_{6690 + 30 * k:06d}' for k in range(count)]
        for k, sample_id in enumerate(written[split]):
            scene = render_scene(seed, _start(split) + k, size)
            _write_image(root / split / f'{sample_id}{suffix}', scene.image)
            _write_image(root / f'{split}annot' / f'{sample_id}.png', np.minimum(scene.semseg, 11).astype(np.uint8))
    return written


_BLIND_M = 8.0
"""Where MTAN's layouts hold no depth any more."""


def _write_mtan(folder: Path, number: int, scene: Scene, classes: int, label: str, depth: np.ndarray) -> None:
    """Writes picture, class map and (H, W) depth of one sample of MTAN's layout under `folder`."""
    seen = scene.depth_m < _BLIND_M
    _write_array(folder / 'image' / f'{number}.npy', scene.image.astype(np.float32) / 255)
    _write_array(folder / label / f'{number}.npy', np.where(scene.semseg < classes, scene.semseg, -1.0))
    _write_array(folder / 'depth' / f'{number}.npy', np.where(seen, depth, np.float32(0))[..., None])


def write_nyuv2_mtan(root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (96, 128)) -> None:
    """Writes scenes in MTAN's NYUv2 layout (fact sheet 2.3), `<split>/{image,label,depth,normal}/<number>.npy`.

    Our first 13 classes stand for its 13, the others become -1; depths of 8 m and more and the normals there are invalid.

    Args:
        root: the folder that stands for `nyuv2/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of pictures; picture k of a split is scene `SPLIT_START[split] + k`.
        size: (height, width).

    Raises:
        ValueError: unknown split.
    """
    for split, count in counts.items():
        for k in range(count):
            scene = render_scene(seed, _start(split) + k, size)
            _write_mtan(Path(root) / split, k, scene, 13, 'label', scene.depth_m)
            normals = np.where((scene.depth_m < _BLIND_M)[..., None], scene.normals, np.float32(0))
            _write_array(Path(root) / split / 'normal' / f'{k}.npy', normals)


def write_cityscapes_mtan(
    root: str | Path, seed: int, counts: Mapping[str, int], size: Size = (64, 128), classes: int = 7,
    label: str | None = None,
) -> None:  # fmt: skip
    """Writes scenes in MTAN's Cityscapes layout (fact sheet 2.4), `<split>/{image,label_7,depth}/<number>.npy`.

    Our first classes stand for its own, the others become -1; the inverse depth is 0.2 / metres, 0 from 8 m on.

    Args:
        root: the folder that stands for `cityscapes/`.
        seed: series of `render_scene`.
        counts: split ('train', 'val') -> number of pictures; picture k of a split is scene `SPLIT_START[split] + k`.
        size: (height, width).
        classes: how many classes to keep, at most ours.
        label: name of the label folder; `label_<classes>` by default.

    Raises:
        ValueError: unknown split.
    """
    for split, count in counts.items():
        for k in range(count):
            scene = render_scene(seed, _start(split) + k, size)
            _write_mtan(
                Path(root) / split, k, scene, classes, label or f'label_{classes}', np.float32(0.2) / scene.depth_m
            )
