"""Accuracy against cost as an inline SVG.

Drawn without a library: the same rows give the same bytes, and the colours follow the page's theme.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 820, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 18, 52
_CHAR, _LINE = 7.2, 13.0  # size of a label's letters, px
_APART = 13.0  # px between points of equal cost
_WIDEST = 156.0  # maximum px from the first to the last of them; many points are closer together
_LABELLED = 200  # plots with more points have no labels, since only a few arbitrary ones would fit
_GRID = 32.0  # px, cell size of the grid for finding boxes

Place = tuple[float, float, str]  # x, y, text-anchor of a label
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Point:
    """One row in a plot.

    Attributes:
        x, y: cost (positive) and accuracy.
        half_width: half-width of y's confidence interval; None if there is none.
        label: written beside the point if there is room.
        group: key of the colour, that of the backbone.
        row: id of its table row.
        hollow: drawn as a ring; single-task rows.
    """

    x: float
    y: float
    half_width: float | None
    label: str
    group: str
    row: str
    hollow: bool = False


def scatter(points: Sequence[Point], colours: dict[str, int], x_label: str, y_label: str, attributes: str = '') -> str:
    """An SVG element with a logarithmic x axis.

    Args:
        points: at least one.
        colours: group -> number of its colour class.
        x_label: cost with unit.
        y_label: accuracy with unit.
        attributes: further attributes of the element, already escaped.
    """
    lows = [p.y - (p.half_width or 0) for p in points]
    highs = [p.y + (p.half_width or 0) for p in points]
    y_ticks = linear_ticks(min(lows), max(highs))
    low, high = min(y_ticks[0], min(lows)), max(y_ticks[-1], max(highs))
    left, right = math.log(min(p.x for p in points) / 1.25), math.log(max(p.x for p in points) * 1.35)

    def px(x: float) -> float:
        return _LEFT + (math.log(x) - left) / (right - left) * (WIDTH - _LEFT - _RIGHT)

    def py(y: float) -> float:
        return HEIGHT - _BOTTOM - (y - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM)

    name = escape(f'{y_label} against {x_label}')
    base, middle = HEIGHT - _BOTTOM, (HEIGHT - _BOTTOM + _TOP) / 2
    names = {point.group: escape(point.group) for point in points}
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}" {attributes}>']
    for tick in y_ticks:
        zero = ' zero' if tick == 0 else ''
        parts.append(f'<path class="grid{zero}" d="M{_LEFT} {py(tick):.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(_text('tick', f'x="{_LEFT - 8}" y="{py(tick) + 4:.1f}"', _short(tick), 'end'))
    for tick in log_ticks(math.exp(left), math.exp(right)):
        parts.append(f'<path class="grid" d="M{px(tick):.1f} {_TOP}V{base}"/>')
        parts.append(_text('tick', f'x="{px(tick):.1f}" y="{base + 18}"', _short(tick)))
    parts.append(_text('axis', f'x="{(WIDTH + _LEFT) / 2}" y="{HEIGHT - 10}"', x_label))
    parts.append(_text('axis', f'transform="translate(16 {middle})rotate(-90)"', y_label))
    at = dodge([px(p.x) for p in points])
    places: Sequence[Place | None] = [None] * len(points)
    if len(points) <= _LABELLED:
        places = place_labels([(x, py(p.y), p.label) for x, p in zip(at, points, strict=True)])
    for point, x, place in zip(points, at, places, strict=True):
        parts.append(_mark(point, x, py, colours[point.group], names[point.group], place))
    return ''.join(parts) + '</svg>'


def dodge(places: Sequence[float]) -> list[float]:
    """Places points at the same position (within a pixel) side by side, in order, so that bars do not overlap."""
    groups: dict[int, list[int]] = {}
    for index, x in enumerate(places):
        groups.setdefault(round(x), []).append(index)
    moved = list(places)
    for group in groups.values():
        apart = min(_APART, _WIDEST / max(len(group) - 1, 1))
        for position, index in enumerate(group):
            moved[index] += apart * (position - (len(group) - 1) / 2)
    return moved


def _text(name: str, place: str, text: str, anchor: str = 'middle') -> str:
    return f'<text class="{name}" {place} text-anchor="{anchor}">{escape(text)}</text>'


def _mark(point: Point, x: float, py: Callable[[float], float], colour: int, group: str, place: Place | None) -> str:
    y = py(point.y)
    bar = label = ''
    if point.half_width:
        low, high = py(point.y - point.half_width), py(point.y + point.half_width)
        bar = f'<path class="bar" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'
    if place is not None:
        label = f'<text x="{place[0]:.1f}" y="{place[1]:.1f}" text-anchor="{place[2]}">{escape(point.label)}</text>'
    ring = ' ring' if point.hollow else ''
    data = f'data-for="{escape(point.row)}" data-backbone="{group}"'
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>'
    return f'<g class="pt c{colour}{ring}" tabindex="0" {data}>{bar}{dot}{label}</g>'


def place_labels(points: Sequence[tuple[float, float, str]]) -> list[Place | None]:
    """The place of each label: right, left, above or below its point, the first free one; None if there is none.

    Args:
        points: x and y in pixels, and the label.

    Returns:
        x, y and text-anchor, one per point.
    """
    taken = _Boxes()
    for index, (x, y, _) in enumerate(points):
        taken.add((x - 7, y - 7, x + 7, y + 7), index)
    places: list[Place | None] = []
    for index, (x, y, label) in enumerate(points):
        width = _CHAR * len(label)
        options = [(x + 10, y + 4, 'start'), (x - 10, y + 4, 'end'), (x, y - 11, 'middle'), (x, y + 19, 'middle')]
        options += [(x + 9, y - 7, 'start'), (x + 9, y + 15, 'start'), (x - 9, y - 7, 'end'), (x - 9, y + 15, 'end')]
        chosen = None
        for left, base, anchor in options:
            start = left - {'start': 0.0, 'end': width, 'middle': width / 2}[anchor]
            box = (start, base - _LINE + 3, start + width, base + 3)
            inside = box[0] >= _LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT - _BOTTOM
            if inside and taken.is_free(box, index):
                chosen = (left, base, anchor)
                taken.add(box)
                break
        places.append(chosen)
    return places


class _Boxes:
    """Boxes in a grid, so that only those near a place have to be tested."""

    def __init__(self) -> None:
        self._squares: dict[tuple[int, int], list[tuple[Box, int | None]]] = {}

    def add(self, box: Box, owner: int | None = None) -> None:
        """Add a box; `owner` is its point, whose own label may cover it."""
        for square in self._near(box):
            self._squares.setdefault(square, []).append((box, owner))

    def is_free(self, box: Box, owner: int) -> bool:
        """Whether a box overlaps no box except that of its own point."""
        return not any(_overlap(box, other) for square in self._near(box) for other, whose in self._squares.get(square, ())
                       if whose != owner)

    @staticmethod
    def _near(box: Box) -> Iterator[tuple[int, int]]:
        left, top, right, bottom = (math.floor(side / _GRID) for side in box)
        return ((x, y) for x in range(left, right + 1) for y in range(top, bottom + 1))


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def linear_ticks(low: float, high: float, count: int = 6) -> list[float]:
    """About `count` round numbers that enclose low and high."""
    span = (high - low) or abs(high) or 1.0
    raw = span / (count - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    if first == last:
        first, last = first - 1, last + 1
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times the powers of ten between low and high; finer if these are fewer than four."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for factors in ((1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)):
        ticks = [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]
        if len(ticks) >= 4:
            break
    return ticks


def _short(value: float) -> str:
    return f'{value:g}'.replace('-', '\N{MINUS SIGN}')
