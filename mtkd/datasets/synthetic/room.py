"""A room: camera, light, wall decoration and furniture, from one series of random numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .labels import CLASS_ID
from .materials import FRAME, NOISE, PANEL, PANES, STRIPES, Draws, make_material
from .things import BOX, FURNITURE, Piece, Thing, Vector, bed, box, cabinet, cone, person, sofa, sphere

_BACK_TO_WALL = {'bed': 1.0, 'sofa': 0.6, 'cabinet': 1.0, 'table': 0.3, 'chair': 0.2, 'lamp': 0.3}  # how likely
_PULL = {'person': 2.2, 'ball': 1.6, 'lamp': 1.1, 'chair': 1.2}  # saliency of a class; 1 for the others


class _Camera(NamedTuple):
    position: np.ndarray  # (3,) world
    to_world: np.ndarray  # (3, 3): columns are the camera's right, down, forward
    focal: float  # in image heights


class _Footprint(NamedTuple):
    x0: float
    x1: float
    y0: float
    y1: float
    height: float


@dataclass
class World:
    """Everything that does not depend on the image's size."""

    half: Vector  # of the room
    camera: _Camera
    pieces: list[Piece]  # in world axes; the first three stand for walls, floor, ceiling
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


def _camera(draw: Draws, half: Vector) -> _Camera:
    margin_x = max(0.0, half[0] - 1.0)
    x, y, z = draw(-margin_x, margin_x), -half[1] + draw(0.3, 0.9), draw(1.1, 1.8)
    yaw = -x / half[0] * draw(0.1, 0.5) + draw(-0.35, 0.35)  # usually towards the middle of the room
    pitch = -math.radians(draw(2.0, 20.0)) if draw.chance(0.85) else math.radians(draw(0.0, 6.0))
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    right, forward = (cy, -sy, 0.0), (sy * cp, cy * cp, sp)
    down = (sy * sp, cy * sp, -cp)
    focal = 0.5 / math.tan(math.radians(draw(44.0, 62.0)) / 2)
    return _Camera(np.array((x, y, z)), np.array((right, down, forward)).T, focal)


def _turn(piece: Piece, x: float, y: float, z: float, yaw: float) -> Piece:
    c, s = math.cos(yaw), math.sin(yaw)
    px, py, pz = piece.centre
    u, v, w = ((c * ax - s * ay, s * ax + c * ay, az) for ax, ay, az in piece.axes)
    return piece._replace(centre=(x + c * px - s * py, y + s * px + c * py, z + pz), axes=(u, v, w))


def _place(draw: Draws, thing: Thing, half: Vector, camera: _Camera, taken: list[_Footprint]) -> Vector | None:
    """A random (x, y, yaw) in view, not too close to the camera and without overlap; None if none was found."""
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


def _hangings(draw: Draws, half: Vector, height: float) -> list[tuple[str, Piece]]:
    """Framed pictures, windows and doors: thin boxes at free places on the left, far and right wall."""
    found: list[tuple[str, Piece]] = []
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
            pattern = {'door': PANEL, 'window': PANES, 'picture': draw.pick((FRAME, FRAME, NOISE, STRIPES))}[name]
            material = make_material(draw, pattern, daylight if name == 'window' else 0.0)
            thin, z1 = 0.03, min(z1, height - 0.1)
            if wall == 1:
                piece = box(at - width, at + width, half[1] - thin, half[1] + thin, z0, z1, material)
            else:
                x = (wall - 1) * half[0]
                piece = box(x - thin, x + thin, at - width, at + width, z0, z1, material)
            found.append((name, piece))
            break
    return found


def _salient(camera: _Camera, centres: list[tuple[int, str, Vector, float]]) -> list[int]:
    """Regions of the one or two most salient things: large, central, and of a salient class.

    `centres`: (region, class, world centre, size in metres). Only geometry counts: the choice is the same at every
    image size.
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


def build_world(draw: Draws) -> World:
    """Draw a room."""
    half = (draw(1.6, 3.1), draw(2.0, 3.7), draw(2.3, 3.1) / 2)
    height = 2 * half[2]
    camera = _camera(draw, half)
    room = [Piece(BOX, (0.0, 0.0, half[2]), half, make_material(draw)) for _ in range(3)]
    pieces, labels, regions = list(room), [CLASS_ID['wall'], CLASS_ID['floor'], CLASS_ID['ceiling']], [1, 2, 3]
    taken: list[_Footprint] = []
    centres: list[tuple[int, str, Vector, float]] = []
    region = 3
    bulb: Vector = (draw(-0.6, 0.6) * half[0], draw(-0.6, 0.6) * half[1], height - 0.3)

    def put(label: str, new: list[Piece]) -> int:
        """Add pieces as one region, and pieces with another class (the chair of a sitting person) as a second one."""
        nonlocal region
        region += 1
        own = region
        for piece in new:
            pieces.append(piece)
            labels.append(CLASS_ID[piece.label or label])
            regions.append(own + 1 if piece.label else own)
            region = max(region, regions[-1])
        return own

    if draw.chance(0.45):
        hx, hy, x, y = draw(0.5, 1.4), draw(0.4, 1.0), draw(-0.5, 0.5) * half[0], draw(-0.3, 0.5) * half[1]
        hx, hy = min(hx, half[0] - abs(x)), min(hy, half[1] - abs(y))
        rug = make_material(draw)
        oblong = draw.chance(0.6)
        round_ = cone(x, y, 0, 0.012, min(hx, hy), rug)
        put('rug', [box(x - hx, x + hx, y - hy, y + hy, 0, 0.012, rug) if oblong else round_])
    for label, piece in _hangings(draw, half, height):
        put(label, [piece])

    makers = [person] * (draw.chance(0.58) + draw.chance(0.12))
    makers += [draw.pick(FURNITURE) for _ in range(draw.integer(3, 8) - len(makers))]
    order = {bed: 0, sofa: 1, cabinet: 2}  # the big ones first, while there is room
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
            ball = sphere(x, y, thing.height + radius, radius, make_material(draw))
            own = put('ball', [ball])
            centres.append((own, 'ball', ball.centre, 2 * radius))
    if draw.chance(0.25):  # a lamp that hangs from the ceiling
        x, y, drop, radius = draw(-0.4, 0.4) * half[0], draw(0.0, 0.6) * half[1], draw(0.3, 0.8), draw(0.12, 0.3)
        cord, shade = make_material(draw), make_material(draw, emission=draw(0.3, 1.5))
        low = height - drop
        hood = cone(x, y, low - 0.18, low, radius, shade, draw(0.3, 1.0))
        put('lamp', [cone(x, y, low, height, 0.012, cord), hood])
        bulb = (x, y, low - 0.3)

    azimuth, elevation = draw(0, 2 * math.pi), draw(0.5, 1.3)
    sun = (math.cos(azimuth) * math.cos(elevation), math.sin(azimuth) * math.cos(elevation), math.sin(elevation))
    warmth = draw(-0.14, 0.14)
    return World(
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
