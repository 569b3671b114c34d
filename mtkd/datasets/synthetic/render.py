"""Renders a room as an image with labels, in two passes without a loop over pixels.

Geometry is analytic. A room is a list of pieces (boxes, ellipsoids, truncated cones); each carries an affine map into its
own unit frame. Rays have z = 1 in camera axes, so the ray parameter *is* the z-depth. Pass one writes depth and piece index
into a buffer, each piece only inside its projected rectangle; pass two shades all pixels at once by gathering the pieces'
parameters.

Camera axes: x right, y down, z forward. World axes: x along the far wall, y away from the camera's wall, z up; metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...structures import Size
from .labels import PART_OF_LIMB
from .materials import CHECKER, DOTS, PLAIN, STRIPES, WOOD, Draws, pattern_of
from .room import World, build_world
from .things import BOX, CONE, ELLIPSOID

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
        focal_px: focal length in pixels; the principal point is the image's centre (W / 2, H / 2).
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


class _Frames(NamedTuple):
    """Per piece (K): the affine map from camera axes into the unit frame, and what shading looks up."""

    matrix: np.ndarray  # (K, 3, 3) float32
    origin: np.ndarray  # (K, 3) float32: the camera in the unit frame
    half: np.ndarray  # (K, 3) float32
    shape: np.ndarray  # (K,) int
    slope: np.ndarray  # (K,) float32: (taper - 1) / 2
    boxes: np.ndarray  # (K, 4) top, bottom, left, right in pixels


def _frames(world: World, size: Size, focal_px: float) -> _Frames:
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

    It is hit where t_in < t_out; both may be NaN if it is missed.
    """
    if shape == BOX:
        inverse = 1 / d
        reach = np.abs(inverse)
        inverse *= np.array(o, np.float32)[:, None, None]  # the slabs' middles, negated
        enter, leave = -inverse - reach, reach - inverse
        first, last = np.maximum(enter[0], enter[1]), np.minimum(leave[0], leave[1])
        return np.maximum(first, enter[2]), np.minimum(last, leave[2])
    if shape == ELLIPSOID:
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
    box = shape == BOX
    for i in range(3):
        normal[i] = np.where(box, np.where(axis == i, np.sign(local[i]), 0), local[i])
    cone = np.flatnonzero(shape == CONE)
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
    world: World, frames: _Frames, index: np.ndarray, local: np.ndarray, axis: np.ndarray, footprint_m: np.ndarray
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
    for kind in set(pattern.tolist()) - {PLAIN}:
        at = np.flatnonzero(here == kind)
        piece, side, p = index[at], axis[at], local[:, at]
        un, vn = np.where(side == 0, p[1], p[0]), np.where(side == 2, p[1], p[2])
        half = frames.half.T[:, piece]
        u, v = un * np.where(side == 0, half[1], half[0]), vn * np.where(side == 2, half[1], half[2])
        cos, sin, offset, fine = wave.astype(np.float32)[:, piece]
        amount = pattern_of(kind, u * cos + v * sin + offset, v * cos - u * sin + offset, un, vn)
        if kind in (CHECKER, STRIPES, WOOD, DOTS):
            sharp = np.clip(2 - 3 * fine * footprint_m[at], 0, 1)
            amount = 0.45 + (amount - 0.45) * sharp
        colour[:, at] += amount * second[:, piece]
    emission = np.array([m.emission for m in materials], np.float32)
    return colour, emission[index]


def _floor_shade(world: World, local: np.ndarray, index: np.ndarray) -> np.ndarray:
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
    world: World, albedo: np.ndarray, emission: np.ndarray, normal: np.ndarray, points: np.ndarray, shade: np.ndarray
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


def _develop(world: World, linear: np.ndarray, size: Size, rng: np.random.Generator) -> np.ndarray:
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
    sampled. The vertical field of view is the scene's; a wider image sees more at the sides. A pixel looks through
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
    world = build_world(Draws(np.random.default_rng([seed, index])))
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
    parts = PART_OF_LIMB[limbs] if limbs.any() else np.full(size, 255, np.uint8)
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
