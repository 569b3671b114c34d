"""A sweep file: which values of which options, with which seeds."""

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

from ...engine.options import argument

CONFIG = 'config'  # an option of this name is the config file itself
KEYS = ('config', 'grid', 'points', 'options', 'seeds', 'labels', 'references', 'published', 'table', 'title', 'note')
LONGEST = 100  # characters of a folder's name


@dataclass(frozen=True)
class Point:
    """One choice of the swept options.

    Attributes:
        values: option's short name -> value; what the rows of the page say and the plots have as their axes.
        config: config file, as the sweep file names it.
        options: dotted key -> value: what is swept (without the config) and what all points share.
        slug: name of its folder.
    """

    values: dict[str, Any]
    config: str
    options: dict[str, Any]
    slug: str

    @property
    def label(self) -> str:
        """'weight = 0.5, tau = 3'."""
        return ', '.join(f'{name} = {value_text(value)}' for name, value in self.values.items())

    def method(self, method: str) -> str:
        """``method`` with the values: the row's name on pages that gather more than this sweep.

        Without blanks and commas, which a command line's K=V would lose.
        """
        values = ';'.join(f'{name}={value_text(value)}' for name, value in self.values.items())
        return re.sub(r"\s", '', method) + '(' + re.sub(r"[\s,'\"()\[\]]", '', values) + ')'


@dataclass(frozen=True)
class Sweep:
    """What a sweep file says.

    Attributes:
        file: the sweep file; configs may be named relative to it.
        points: in the file's order; the last option of a grid changes fastest.
        seeds: of the runs of every point.
        references: folders with further results for the page: single-task runs (for Δ_mt), the student alone, the teacher.
        published: suite of published rows to set beside ours; None: that of the results.
        table: only these of the published rows, e.g. 'Table 5'.
        title, note: of the page.
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
        """The file's stem; the runs lie in ``work_dirs/sweeps/<name>``."""
        return self.file.stem

    @property
    def root(self) -> Path:
        """Where its runs lie, absolute; MTKD_WORK_DIRS names another ``work_dirs``."""
        return Path(os.environ.get('MTKD_WORK_DIRS', 'work_dirs')).absolute() / 'sweeps' / self.name


def read_sweep(path: str | Path, options: Mapping[str, Any] | None = None) -> Sweep:
    """Read a sweep file: a Python config with ``config`` and either ``grid`` or ``points``.

    Args:
        path: the file.
        options: shared by all points, over the file's own ``options``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it cannot be read, or does not say what to run; the sentence says what to write.
    """
    path = Path(path)
    if not path.is_file():
        known = sorted(file.stem for file in path.parent.glob('*.py')) if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.stem, known, n=3)
        raise FileNotFoundError(f'there is no sweep file {path}' + (f'; did you mean {", ".join(near)}?' if near else '.'))
    try:
        said = Config.fromfile(str(path), lazy_import=False).to_dict()
    except Exception as error:
        raise ValueError(f'{path} cannot be read as a sweep file: {type(error).__name__}: {error}') from error
    said = {key: value for key, value in said.items() if not key.startswith('_')}
    for key in said:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            raise ValueError(f"{path}: a sweep file has no '{key}'" + (f'; did you mean {near[0]}?' if near else
                             f'; it has {", ".join(KEYS)} (names that begin with _ are yours).'))
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
            raise ValueError("points is a list of dictionaries, {'option': value}, and has at least one.")
        return [dict(point) for point in listed]
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError("grid is a dictionary, {'option': [values, …]}, and has at least one option.")
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
    """Dotted keys -> ``labels``, else as many of their last parts as tell them apart.

    Raises:
        ValueError: a label is of no swept option, or two options have one name.
    """
    keys = list(keys)
    for key in labels:
        if key not in keys:
            raise ValueError(f"labels['{key}'] is of no swept option; these are swept: {', '.join(keys)}.")
    names = {}
    for key in keys:
        parts = key.split('.')
        others = [other.split('.') for other in keys if other != key]
        length = next((n for n in range(1, len(parts)) if all(parts[-n:] != other[-n:] for other in others)), len(parts))
        names[key] = labels.get(key, '.'.join(parts[-length:]))
    if len(set(names.values())) < len(names):
        raise ValueError(f'two swept options have one name: {", ".join(sorted(names.values()))}; change labels.')
    return names


def value_text(value: Any) -> str:
    """A value for people: parts of a list joined by '+'."""
    return '+'.join(map(value_text, value)) if isinstance(value, list | tuple) else str(value)


def _with_slugs(points: Sequence[Point]) -> list[Point]:
    """The points with names for their folders; names that are long or not unique end in a hash.

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
