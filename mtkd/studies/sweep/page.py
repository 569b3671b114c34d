"""The page of a sweep: a leaderboard with one row per point, in order, and a plot per option and metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtkd import atomic
from mtkd.leaderboard import FORMATS, published, render
from mtkd.leaderboard.aggregate import board
from mtkd.leaderboard.board import Column, Key, Row, Run, SuiteBoard
from mtkd.leaderboard.records import read_runs
from mtkd.leaderboard.results import Result
from mtkd.leaderboard.table import metric_label
from mtkd.plot_style import COLOURS, STYLE

from .points import Sweep
from .works import Plan

WIDE = 20.0  # ratio of largest to smallest positive value above which the axis is logarithmic
SIZE = (4.2, 3.0)  # inches
DELTA: Key = ('delta_mt', '')


@dataclass(frozen=True)
class SweptRow:
    """One point of a sweep.

    Attributes:
        label: name of the row.
        values: option -> value.
        files: results of its runs.
    """

    label: str
    values: Mapping[str, Any]
    files: Sequence[Path]


def sweep_board(rows: Sequence[SweptRow], references: Sequence[str | Path] = (), beside: str | None = None,
                tables: str | None = None) -> SuiteBoard:
    """Build the leaderboard of a sweep.

    Args:
        rows: rows in display order; those without results are omitted.
        references: folders with further results; those of the same suite are shown first: single-task runs, which
            Δ_mt needs, the teacher, the student alone.
        beside: suite of published rows; by default that of the results.
        tables: prefix of the tables whose published rows are shown; None: no published rows.

    Raises:
        FileNotFoundError: a reference does not exist.
        ValueError: there are no results, a file of results is invalid, or the runs belong to several suites.
    """
    runs = [Run(file, replace(Result.read(file), method=row.label)) for row in rows for file in row.files]
    if not runs:
        raise ValueError('no run of the sweep has results.')
    suites = sorted({run.result.suite for run in runs})
    if len(suites) > 1:
        raise ValueError(f'the runs of the sweep belong to several suites ({", ".join(suites)}): write one sweep file per '
                         f'suite.')
    mine = {run.path.resolve() for run in runs}
    others = [run for run in read_runs(references) if run.path.resolve() not in mine]
    known = beside or suites[0]
    with_published = tables is not None and known in published.suites()
    made = board([*(run for run in others if run.result.suite == suites[0]), *runs], suites[0], with_published, beside)
    if tables is not None:
        made.reported = [row for row in made.reported if row.table.startswith(tables)]
    order = {row.label: number for number, row in enumerate(rows)}
    made.measured.sort(key=lambda row: order.get(row.method, -1))
    for row in made.measured:
        if row.method in order and row.role == 'single_task':
            row.delta = None  # a swept single-task network is not a reference; a delta of 0 would look like a result
    return made


def plots(rows: Sequence[SweptRow], made: SuiteBoard, folder: Path) -> list[Path]:
    """Plot each shown metric (and Δ_mt) over each option with several values, with mean and spread over seeds, as PNGs.

    Args:
        rows: rows of the sweep.
        made: their leaderboard.
        folder: output folder for ``<option>_<task>_<metric>.png``.

    Returns:
        The files, in order.
    """
    by_label = {row.method: row for row in made.measured}
    present = [(row, by_label[row.label]) for row in rows if row.label in by_label]
    files = []
    for option in dict.fromkeys(name for row, _ in present for name in row.values):
        series = series_of([row for row, _ in present], option)
        if not series:
            continue
        for column in [*(c for c in made.columns if c.shown), Column(*DELTA, '%', True)]:
            if any(_values(found, column) for _, found in present):
                files.append(_draw(option, series, by_label, present, column, folder))
    return files


def series_of(rows: Sequence[SweptRow], option: str) -> list[tuple[str, list[SweptRow]]]:
    """Rows that differ in one option only, as (shared options, rows); single rows form no series.

    A sweep over one option gives one series; a grid gives one for each combination of the other options.
    """
    series: dict[str, list[SweptRow]] = {}
    for row in rows:
        if option in row.values:
            shared = ', '.join(f'{name} = {value}' for name, value in row.values.items() if name != option)
            series.setdefault(shared, []).append(row)
    return [(shared, found) for shared, found in series.items() if len(found) > 1]


def _values(row: Row, column: Column) -> list[float]:
    """The values of all runs of a row, without missing and NaN values."""
    values = [run.delta if column.key == DELTA else run.metrics.get(column.key) for run in row.runs]
    if column.key == DELTA and row.delta is None:
        return []
    return [value for value in values if value is not None and value == value]


def _draw(option: str, series: Sequence[tuple[str, list[SweptRow]]], by_label: Mapping[str, Row],
          present: Sequence[tuple[SweptRow, Row]], column: Column, folder: Path) -> Path:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=SIZE, layout='constrained')
        axes = figure.add_subplot()
        ticks = _axis(axes, option, [row.values[option] for _, rows in series for row in rows])
        for number, (shared, rows) in enumerate(series):
            known = [(ticks(row.values[option]), _values(by_label[row.label], column)) for row in rows]
            known = sorted((item for item in known if item[1]), key=lambda item: item[0])
            _line(axes, known, COLOURS[number % len(COLOURS)], shared)
        for row, found in present:
            if option not in row.values and (values := _values(found, column)):
                axes.axhline(sum(values) / len(values), color='#555555', linestyle='dashed', linewidth=1, label=row.label)
        axes.set_ylabel('Δ$_{mt}$ (%) ↑' if column.key == DELTA else f'{column.task} {metric_label(column)}')
        axes.set_title('mean ± standard deviation, dots: seeds', fontweight='normal', fontsize=7.5, color='#555555')
        if axes.get_legend_handles_labels()[1]:
            axes.legend(loc='best')
        name = f'{_file(option)}_{column.task}' + (f'_{_file(column.name)}' if column.name else '')
        path = folder / f'{name}.png'
        folder.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(path) as partial:
            figure.savefig(partial, dpi=150, metadata={'Software': None})
    return path


def _axis(axes: Axes, option: str, values: Sequence[Any]):  # type: ignore[no-untyped-def]
    """Label the x axis; returns a function from a value to its position."""
    axes.set_xlabel(option)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        low, high = min(values), max(values)
        if low > 0 and high / low >= WIDE:
            axes.set_xscale('log')
            ticks = sorted(set(values))
            axes.set_xticks(ticks, [f'{tick:g}' for tick in ticks])
            axes.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
        return float
    names = list(dict.fromkeys(str(value) for value in values))
    axes.set_xticks(range(len(names)), names)
    axes.set_xlim(-0.5, len(names) - 0.5)
    return lambda value: float(names.index(str(value)))


def _line(axes: Axes, known: Sequence[tuple[float, list[float]]], colour: str, label: str) -> None:
    xs = [x for x, _ in known]
    means = [sum(values) / len(values) for _, values in known]
    spread = [(sum((v - m) ** 2 for v in values) / (len(values) - 1)) ** 0.5 if len(values) > 1 else 0.0
              for (_, values), m in zip(known, means, strict=True)]
    axes.errorbar(xs, means, yerr=spread, color=colour, marker='o', markersize=4, capsize=3, label=label or None)
    seeds = [(x, value) for x, values in known for value in values]
    axes.plot(*zip(*seeds, strict=True), linestyle='none', marker='.', markersize=4, color=colour, alpha=0.45)


def _file(name: str) -> str:
    return ''.join(letter if letter.isalnum() or letter in '.-' else '_' for letter in name)


def write_pages(sweep: Sweep, plan: Plan) -> list[str]:
    """Write the leaderboard of the finished runs in all formats, and the plots; return messages for the user."""
    rows = [SweptRow(point.label, point.values, [work.steps[-1].outcome for work in plan.runs
                                                 if work.point == point and work.done]) for point in sweep.points]
    if not any(row.files for row in rows):
        return []
    there = [folder for folder in sweep.references if Path(folder).exists()]
    lines = [f'note: the folder {folder} in references of the sweep file does not exist and is skipped'
             for folder in sweep.references if folder not in there]
    shown = sweep_board(rows, there, sweep.published, sweep.table)
    for form in FORMATS:
        text = render([shown], form, sweep.title or f'Sweep {sweep.name}', sweep.note)
        atomic.write_text(plan.root / f'leaderboard.{form}', text)
    lines.append(f'page: {plan.root / "leaderboard.html"} (and .md, .csv, .json)')
    pictures = plots(rows, shown, plan.root / 'plots')
    return [*lines, *([f'{len(pictures)} plots in {plan.root / "plots"}'] if pictures else [])]
