"""Sweep files: options, their values, and seeds."""

import difflib
import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...config_files import find_sweep
from ...engine.options import argument

CONFIG = 'config'  # the option with this name is the config file itself
KEYS = ('config', 'grid', 'points', 'options', 'seeds', 'labels', 'references', 'published', 'table', 'title', 'note')
LONGEST = 100  # maximum length of a folder name


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        values: short name of an option -> value, used for the rows and axes of the page.
        config: config file, as in the sweep file.
        options: dotted key -> value, for swept options (without the config) and shared ones.
        slug: name of its folder.
    """

    values: dict[str, Any]
    config: str
    options: dict[str, Any]
    slug: str

    @property
    def label(self) -> str:
        """Name of its row, such as 'weight = 0.5, tau = 3'."""
        return ', '.join(f'{name} = {value_text(value)}' for name, value in self.values.items())

    def method(self, method: str) -> str:
        """``method`` with the values, such as 'KD(weight=0.5;tau=3)': the name of the row on pages with other results.

        It contains no spaces and commas, which are not allowed in K=V on a command line.
        """
        values = ';'.join(f'{name}={value_text(value)}' for name, value in self.values.items())
        return re.sub(r"[\s,]", "", method) + '(' + re.sub(r"[\s,'\"()\[\]]", '', values) + ')'


@dataclass(frozen=True)
class Sweep:
    """Contents of a sweep file.

    Attributes:
        file: the sweep file; config paths may be relative to it.
        points: the points in order; the last option of a grid changes fastest.
        seeds: seeds of the runs of every point.
        references: folders with further results for the page: single-task runs (for Δ_mt), the student alone, the teacher.
        published: suite of published rows for comparison; None: that of the results.
        table: show only the published rows of this table, e.g. 'Table 5'; None: no published rows.
        title, note: title and note of the page.
    """

    file: Path
    points: list[Point]
    seeds: list[int]
    references: list[str] = field(default_factory=list)
    published: str | None = None
    table: str | None = None
    title: str = ''
    note: str = ''

    @property
    def name(self) -> str:
        """The stem of the file; the runs are in ``work_dirs/sweeps/<name>``."""
        return self.file.stem

    @property
    def root(self) -> Path:
        """Absolute path of the folder of its runs; MTKD_WORK_DIRS sets another ``work_dirs``."""
        return Path(os.environ.get('MTKD_WORK_DIRS', 'work_dirs')).absolute() / 'sweeps' / self.name


def read_sweep(path: str | Path, options: Mapping[str, Any] | None = None) -> Sweep:
    """Read a sweep file: a Python config with ``config`` and either ``grid`` or ``points``.

    Args:
        path: the file.
        options: options for all points, which override ``options`` of the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it cannot be read or is incomplete; the message says what to write.
    """
    path = find_sweep(path)
    try:
        said = Config.fromfile(str(path), lazy_import=False).to_dict()
    except Exception as error:
        raise ValueError(f'{path} cannot be read as a sweep file: {type(error).__name__}: {error}') from error
    said = {key: value for key, value in said.items() if not key.startswith('_')}
    for key in said:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            raise ValueError(f"{path}: a sweep file has no key '{key}'" + (f'; did you mean {near[0]}?' if near else
                             f'; its keys are {", ".join(KEYS)} (names that begin with _ are ignored).'))
    try:
        return _sweep(path, said, options or {})
    except ValueError as error:
        raise ValueError(f'{path}: {error}') from None


def _sweep(file: Path, said: Mapping[str, Any], shared: Mapping[str, Any]) -> Sweep:
    chosen = _choices(said)
    names = short_names(dict.fromkeys(key for choice in chosen for key in choice), said.get('labels') or {})
    common = {**(said.get('options') or {}), **shared}
    points: list[Point] = []
    for choice in chosen:
        config = choice.get(CONFIG, said.get('config'))
        if not isinstance(config, str) or not config:
            raise ValueError("no config: write config='configs/….py', or sweep over it with grid=dict(config=[…]).")
        options = {**common, **{key: value for key, value in choice.items() if key != CONFIG}}
        for key, value in options.items():
            argument(key, value)
        values = {names[key]: Path(value).stem if key == CONFIG else value for key, value in choice.items()}
        points.append(Point(values, config, options, ''))
    return Sweep(file, _with_slugs(points), _seeds(said.get('seeds', [0])), _strings(said, 'references'),
                 said.get('published'), said.get('table'), str(said.get('title') or ''), str(said.get('note') or ''))


def _choices(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The swept options of each point."""
    grid, listed = said.get('grid'), said.get('points')
    if (grid is None) == (listed is None):
        raise ValueError("write either grid={'option': [values, …]} or points=[{'option': value}, …]"
                         + (', not both.' if grid is not None else '.'))
    if listed is not None:
        if not isinstance(listed, Sequence) or not listed or not all(isinstance(p, Mapping) and p for p in listed):
            raise ValueError("points must be a list of at least one dictionary, {'option': value}.")
        return [dict(point) for point in listed]
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError("grid must be a dictionary with at least one option, {'option': [values, …]}.")
    for key, values in grid.items():
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(f"grid['{key}'] is {values!r}: give a list with at least one value.")
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _seeds(seeds: Any) -> list[int]:
    whole = isinstance(seeds, list | tuple) and all(isinstance(s, int) and not isinstance(s, bool) and s >= 0 for s in seeds)
    if not whole or not seeds or len(set(seeds)) != len(seeds):
        raise ValueError(f'seeds={seeds!r}: give a list of different whole numbers, such as [0, 1, 2].')
    return list(seeds)


def _strings(said: Mapping[str, Any], key: str) -> list[str]:
    value = said.get(key) or []
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{key}={value!r}: give a list of folders.')
    return list(value)


def short_names(keys: Iterable[str], labels: Mapping[str, str]) -> dict[str, str]:
    """Map dotted keys to ``labels``, otherwise to their shortest unique suffix.

    Raises:
        ValueError: a label belongs to no swept option, or two options have the same name.
    """
    keys = list(keys)
    for key in labels:
        if key not in keys:
            raise ValueError(f"labels['{key}'] is not a swept option; the swept options are {', '.join(keys)}.")
    names = {}
    for key in keys:
        parts = key.split('.')
        others = [other.split('.') for other in keys if other != key]
        length = next((n for n in range(1, len(parts)) if all(parts[-n:] != other[-n:] for other in others)), len(parts))
        names[key] = labels.get(key, '.'.join(parts[-length:]))
    if len(set(names.values())) < len(names):
        raise ValueError(f'two swept options have the same name ({", ".join(sorted(names.values()))}): change labels.')
    return names


def value_text(value: Any) -> str:
    """A readable value; list items are joined by '+'."""
    return '+'.join(map(value_text, value)) if isinstance(value, list | tuple) else str(value)


def _with_slugs(points: Sequence[Point]) -> list[Point]:
    """Add folder names to the points; long or duplicate names end in a hash.

    Raises:
        ValueError: two points are the same.
    """
    slugs = [re.sub(r'[^\w.+=,-]+', '_', ','.join(f'{name}={value_text(value)}' for name, value in p.values.items()))
             for p in points]
    done: dict[str, Point] = {}
    for point, slug in zip(points, slugs, strict=True):
        if len(slug) > LONGEST or slugs.count(slug) > 1:
            digest = hashlib.sha256(repr((point.config, sorted(point.options.items()))).encode()).hexdigest()[:8]
            slug = f'{slug[:LONGEST]}-{digest}'
        if slug in done:
            raise ValueError(f'two points are the same: {point.label}.')
        done[slug] = Point(point.values, point.config, point.options, slug)
    return list(done.values())
