"""Results on disk: folders of ``results.json``, one per run, and ``.jsonl`` files, one per suite with one run per line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .board import Run
from .lines import ENDING, is_lines, read_lines, sole_writer, write_lines
from .results import Result


def find(paths: Iterable[str | Path]) -> list[Path]:
    """The results files in `paths`: `results.json` and `results_*.json` in a folder and below, and files given explicitly.

    A ``.jsonl`` file is only read if it is given explicitly, because a folder may contain others.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: there are paths but no results in any of them.
    """
    places = [Path(path) for path in paths]
    found: dict[str, str] = {}  # real path -> path; text, because thousands of Path objects take time and memory
    for path in places:
        if path.is_dir():
            for real, file in _below(path):
                found.setdefault(real, file)
        elif path.exists():
            found.setdefault(os.path.realpath(path), str(path))
        else:
            raise FileNotFoundError(f'{path}: no such folder or file')
    if places and not found:
        names = ', '.join(str(path) for path in places)
        files = next((f'; name {file} itself to read it' for path in places for file in sorted(path.glob(f'*{ENDING}'))), '')
        raise ValueError(f'no results.json found in {names}; tools/test.py writes them{files}')
    return sorted(map(Path, found.values()), key=lambda path: str(path).split('/'))


def _below(folder: Path) -> list[tuple[str, str]]:
    """The results files of a folder as (real path, path); links to folders are not followed."""
    files = []
    folders = [(os.path.realpath(folder), str(folder))]
    while folders:
        real, place = folders.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append((f'{real}/{name}', entry.path))
                elif name == 'results.json' or (name.startswith('results_') and name.endswith('.json')):
                    files.append((os.path.realpath(entry.path) if entry.is_symlink() else f'{real}/{name}', entry.path))
    return files


def read_runs(paths: Iterable[str | Path]) -> list[Run]:
    """The runs under `paths`, in the order of files and lines.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: no results, or an invalid one; the message names the file and, for a ``.jsonl`` file, the line.
    """
    files = find(paths)
    runs = [run for file in files for run in _runs_of(file)]
    if files and not runs:
        raise ValueError(f'no results in {", ".join(map(str, files))}')
    return runs


def _runs_of(file: Path) -> list[Run]:
    if is_lines(file):
        return [Run(file, result, line) for line, result in read_lines(file, Result.from_json)]
    return [Run(file, Result.read(file))]


def identity(result: Result) -> tuple[object, ...]:
    """The key that must be unique in a file: the row's name, its setting, and the run's seed and fold.

    The config's hash is left out: a run of a changed config under the same name replaces the old one.
    """
    return (result.method, result.backbone, result.role, *sorted(result.tasks), result.train_set, result.test_set,
            result.domain, result.seed, result.fold)


def record(file: str | Path, paths: Sequence[str | Path], suite: str | None = None,
           replace: bool = False) -> tuple[int, int]:
    """Add results to a suite's file, all of them or none.

    Args:
        file: the ``.jsonl`` file; created if it does not exist.
        paths: folders and files with results.
        suite: adds only results of this suite.
        replace: whether results that the file already has are replaced; by default they are an error.

    Returns:
        The numbers of added and of replaced results.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: no results, several suites, or a run that is twice in `paths` or already in the file.
    """
    file = Path(file)
    if not is_lines(file):
        raise ValueError(f'{file}: records are kept in a file whose name ends in {ENDING}')
    if not paths:
        raise ValueError('name at least one folder with results to record')
    new = [run for run in read_runs(paths) if suite is None or run.result.suite == suite]
    if not new:
        raise ValueError(f'no results of suite {suite!r} found in {", ".join(map(str, paths))}')
    with sole_writer(file):
        kept = _runs_of(file) if file.exists() else []
        _check_suites(file, [*kept, *new])
        merged = _merged(file, kept, new, replace)
        write_lines(file, (run.result.to_json() for run in merged))
    added = len(merged) - len(kept)
    return added, len(new) - added


def _check_suites(file: Path, runs: Sequence[Run]) -> None:
    suites = list(dict.fromkeys(run.result.suite for run in runs))
    if len(suites) > 1:
        raise ValueError(f'{file} would contain results of several suites ({", ".join(suites)}); use one file per suite, '
                         f'and select with --suite')


def _merged(file: Path, kept: Sequence[Run], new: Sequence[Run], replace: bool) -> list[Run]:
    """The runs of a file with new ones replacing equal ones, or appended."""
    merged = {identity(run.result): run for run in kept}
    taken: dict[tuple[object, ...], Run] = {}
    for run in new:
        key, r = identity(run.result), run.result
        named = f'seed {r.seed} of {r.method} ({r.backbone}, suite {r.suite})'
        if key in taken:
            raise ValueError(f'{taken[key].where} and {run.where} are both {named}; remove one of them')
        if key in merged and not replace:
            raise ValueError(f'{merged[key].where} and {run.where} are both {named}; nothing was written: exclude the new '
                             f'one, or give --replace')
        taken[key] = merged[key] = run
    return list(merged.values())
