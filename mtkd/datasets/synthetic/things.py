"""Furniture and persons: lists of primitives in a local frame (x right, y towards the back, z up, standing on z = 0)."""

from __future__ import annotations

import math
from typing import NamedTuple

from .labels import LIMB_ID
from .materials import PANEL, PLAIN, Draws, Material, make_material

BOX, ELLIPSOID, CONE = range(3)
_UPRIGHT = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
Vector = tuple[float, float, float]


class Piece(NamedTuple):
    """One primitive."""

    shape: int
    centre: Vector
    half: Vector
    material: Material
    taper: float = 1.0  # top radius over bottom radius, of a cone
    axes: tuple[Vector, Vector, Vector] = _UPRIGHT  # rows: the piece's own axes
    limb: int = 0
    label: str = ''  # class, where it differs from the thing's


class Thing(NamedTuple):
    """A piece of furniture or a person: its primitives and the space it takes, in metres."""

    label: str
    pieces: list[Piece]
    half_x: float
    half_y: float
    height: float


def box(
    x0: float, x1: float, y0: float, y1: float, z0: float, z1: float, material: Material, label: str = ''
) -> Piece:
    """A box from x0 to x1, y0 to y1 and z0 to z1."""
    centre = ((x0 + x1) / 2, (y0 + y1) / 2, (z0 + z1) / 2)
    return Piece(BOX, centre, ((x1 - x0) / 2, (y1 - y0) / 2, (z1 - z0) / 2), material, label=label)


def cone(x: float, y: float, z0: float, z1: float, radius: float, material: Material, taper: float = 1.0) -> Piece:
    """An upright, truncated cone; a cylinder at taper 1."""
    return Piece(CONE, (x, y, (z0 + z1) / 2), (radius, radius, (z1 - z0) / 2), material, taper)


def sphere(x: float, y: float, z: float, radius: float, material: Material) -> Piece:
    """A sphere."""
    return Piece(ELLIPSOID, (x, y, z), (radius, radius, radius), material)


def _legs(draw: Draws, hx: float, hy: float, height: float, thick: float, material: Material) -> list[Piece]:
    hx, hy, round_ = hx - thick - 0.01, hy - thick - 0.01, draw.chance(0.4)
    corners = [(sx * hx, sy * hy) for sx in (-1, 1) for sy in (-1, 1)]
    if round_:
        return [cone(x, y, 0, height, thick, material) for x, y in corners]
    return [box(x - thick, x + thick, y - thick, y + thick, 0, height, material) for x, y in corners]


def bed(draw: Draws) -> Thing:
    """A bed, its head towards the back."""
    hx, hy, low, high = draw(0.45, 0.95), draw(0.95, 1.08), draw(0.08, 0.3), draw(0.42, 0.62)
    frame, sheet, cover, pillow = (make_material(draw) for _ in range(4))
    pieces = [
        box(-hx, hx, -hy, hy, 0.0 if draw.chance(0.6) else 0.08, low + 0.05, frame),
        box(-hx + 0.03, hx - 0.03, -hy + 0.03, hy - 0.06, low + 0.05, high, sheet),
        box(-hx, hx, -hy + 0.01, hy * draw(0.1, 0.45), low + 0.12, high + 0.02, cover),
        box(-hx, hx, hy - 0.06, hy, 0.0, high + draw(0.1, 0.6), frame),
    ]
    for x in (-hx / 2, hx / 2) if hx > 0.65 else (0.0,):
        pieces.append(Piece(ELLIPSOID, (x, hy - 0.3, high + 0.04), (min(0.36, hx * 0.48), 0.2, 0.1), pillow))
    return Thing('bed', pieces, hx, hy, high)


def sofa(draw: Draws) -> Thing:
    """A sofa."""
    hx, hy, seat, back, arm = draw(0.5, 1.1), draw(0.38, 0.48), draw(0.36, 0.47), draw(0.72, 0.98), draw(0.1, 0.2)
    body, cushion = make_material(draw), make_material(draw)
    if draw.chance(0.5):
        cushion = body
    pieces = [
        box(-hx, hx, -hy, hy, 0.06, seat - 0.1, body),
        box(-hx + arm, hx - arm, -hy + 0.01, hy - 0.2, seat - 0.1, seat, cushion),
        box(-hx + arm, hx - arm, hy - 0.22, hy, seat - 0.1, back, body),
    ]
    for side in (-1, 1):
        x0, x1 = sorted((side * hx, side * (hx - arm)))
        pieces.append(box(x0, x1, -hy, hy, 0.0, seat + draw(0.14, 0.2), body))
    if draw.chance(0.5):
        pillow, x = make_material(draw), draw(-0.6, 0.6) * (hx - arm)
        pieces.append(Piece(ELLIPSOID, (x, hy - 0.3, seat + 0.17), (0.2, 0.1, 0.17), pillow))
    return Thing('sofa', pieces, hx, hy, back)


def table(draw: Draws) -> Thing:
    """A table."""
    height, thick = draw(0.4, 0.8), draw(0.02, 0.05)
    top, leg = make_material(draw), make_material(draw)
    if draw.chance(0.3):
        radius = draw(0.35, 0.65)
        pieces = [
            cone(0, 0, height - thick, height, radius, top),
            cone(0, 0, 0.03, height - thick, draw(0.04, 0.08), leg),
            cone(0, 0, 0, 0.03, radius * 0.6, leg),
        ]
        return Thing('table', pieces, radius, radius, height)
    hx, hy = draw(0.4, 0.9), draw(0.3, 0.5)
    pieces = _legs(draw, hx, hy, height - thick, draw(0.02, 0.045), leg)
    pieces.append(box(-hx, hx, -hy, hy, height - thick, height, top))
    if draw.chance(0.3):
        pieces.append(box(-hx + 0.06, hx - 0.06, -hy + 0.06, hy - 0.06, height - 0.16, height - thick, leg))
    return Thing('table', pieces, hx, hy, height)


def chair(draw: Draws) -> Thing:
    """A chair."""
    hx, hy, seat, back = draw(0.19, 0.26), draw(0.19, 0.25), draw(0.4, 0.48), draw(0.78, 1.05)
    wood, pad = make_material(draw), make_material(draw)
    pieces = _legs(draw, hx, hy, seat - 0.045, draw(0.015, 0.028), wood)
    pieces.append(box(-hx, hx, -hy, hy, seat - 0.045, seat, pad))
    if draw.chance(0.5):
        pieces.append(box(-hx, hx, hy - 0.03, hy, seat, back, pad if draw.chance(0.5) else wood))
    else:
        pieces += [box(side * hx - 0.02, side * hx + 0.02, hy - 0.03, hy, seat, back, wood) for side in (-0.9, 0.9)]
        pieces.append(box(-hx, hx, hy - 0.035, hy - 0.005, back - draw(0.1, 0.3), back, wood))
    return Thing('chair', pieces, hx, hy, back)


def cabinet(draw: Draws) -> Thing:
    """A cabinet."""
    hx, hy, height = draw(0.3, 0.9), draw(0.2, 0.32), draw(0.5, 2.1)
    body = make_material(draw)
    front = body._replace(pattern=PANEL) if draw.chance(0.6) else make_material(draw)
    if draw.chance(0.35):  # open shelves
        boards = draw.integer(2, 4)
        step = (height - 0.04) / boards
        pieces = [box(-hx, hx, -hy, hy, i * step, i * step + 0.04, body) for i in range(boards + 1)]
        pieces += [box(x0, x0 + 0.04, -hy, hy, 0.0, height, body) for x0 in (-hx, hx - 0.04)]
        pieces.append(box(-hx, hx, hy - 0.02, hy, 0.0, height, front))
    else:
        columns = 1 + int(hx > 0.45) + int(hx > 0.75)
        width = 2 * hx / columns
        pieces = [box(-hx, hx, -hy + 0.02, hy, 0.0, height, body)]
        for i in range(columns):
            x0 = -hx + i * width
            pieces.append(box(x0 + 0.01, x0 + width - 0.01, -hy, -hy + 0.03, 0.06, height - 0.03, front))
    return Thing('cabinet', pieces, hx, hy, height)


def lamp(draw: Draws) -> Thing:
    """A floor lamp."""
    metal, height, radius = make_material(draw), draw(1.1, 1.8), draw(0.13, 0.28)
    shade = make_material(draw, emission=draw(0.5, 1.6) if draw.chance(0.5) else 0.0)
    pieces = [cone(0, 0, 0, 0.03, radius * 0.8, metal), cone(0, 0, 0.03, height - 0.1, 0.02, metal)]
    if draw.chance(0.7):
        pieces.append(cone(0, 0, height - draw(0.2, 0.4), height, radius, shade, draw(0.4, 1.0)))
    else:
        pieces.append(sphere(0, 0, height, radius * 0.8, shade))
    return Thing('lamp', pieces, radius, radius, height)


def ball(draw: Draws) -> Thing:
    """A ball."""
    radius = draw(0.1, 0.36)
    return Thing('ball', [sphere(0, 0, radius, radius, make_material(draw))], radius, radius, 2 * radius)


def _bone(a: Vector, b: Vector, radius: float, material: Material, limb: str, stretch: float = 1.12) -> Piece:
    """An ellipsoid from joint a to joint b."""
    d = (b[0] - a[0], b[1] - a[1], b[2] - a[2])
    length = math.sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2])
    w = (d[0] / length, d[1] / length, d[2] / length)
    s = math.hypot(w[1], w[2])  # u = w × x, normalised; falls back to y where the bone lies along x
    u = (0.0, w[2] / s, -w[1] / s) if s > 1e-3 else (0.0, 1.0, 0.0)
    v = (w[1] * u[2] - w[2] * u[1], w[2] * u[0] - w[0] * u[2], w[0] * u[1] - w[1] * u[0])
    centre = ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2)
    return Piece(ELLIPSOID, centre, (radius, radius, length / 2 * stretch), material, 1.0, (u, v, w), LIMB_ID[limb])


def _reach(start: Vector, length: float, swing: float, spread: float) -> Vector:
    """End of a bone hanging down, swung forwards (-y) and spread sideways (x), radians."""
    return (
        start[0] + length * math.sin(spread),
        start[1] - length * math.sin(swing) * math.cos(spread),
        start[2] - length * math.cos(swing) * math.cos(spread),
    )


def person(draw: Draws) -> Thing:
    """A mannequin facing -y, standing or sitting on a chair. Its left is +x."""
    sitting, s = draw.chance(0.3), draw(0.85, 1.08)
    shirt, trousers, shoes, hair = (make_material(draw) for _ in range(4))
    tone = draw(0.12, 0.9)
    skin = Material(PLAIN, (tone, tone * draw(0.55, 0.78), tone * draw(0.35, 0.62)), (0, 0, 0), 1, 0, 0, 0)
    sleeve, shorts = draw.chance(0.5), draw.chance(0.25)
    girth, lean = draw(0.88, 1.25), draw(-0.03, 0.12)

    def torso(y: float, z: float, hx: float, hy: float, hz: float, name: str, material: Material) -> Piece:
        return Piece(ELLIPSOID, (0.0, y * s, z * s), (hx * s, hy * s, hz * s), material, limb=LIMB_ID[name])

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
        return Thing('person', pieces, 0.35, 0.35, height)
    wood, seat = make_material(draw), 0.86 * s - lowest
    pieces += [
        box(-0.24, 0.24, -0.26, 0.24, seat - 0.05, seat, wood, 'chair'),
        box(-0.24, 0.24, 0.2, 0.24, seat, seat + draw(0.3, 0.55), wood, 'chair'),
    ]
    pieces += [p._replace(label='chair') for p in _legs(draw, 0.24, 0.24, seat - 0.05, 0.022, wood)]
    return Thing('person', pieces, 0.42, 0.55, height)


FURNITURE = (bed, sofa, sofa, table, table, chair, chair, cabinet, cabinet, lamp, lamp, ball, ball)
"""The furniture to choose from; entries that are listed twice are twice as likely."""
