"""Builds leaderboards from result records: seeds, confidence intervals, Delta_mt, and published rows for comparison.

Runs that differ only in seed (or fold) form one row. Single-task runs of one suite and backbone are merged over their
tasks into one row, which is the reference of Delta_mt. Measured and reported rows are in two separate blocks and are never
ranked against each other.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean

from mtkd.leaderboard import published
from mtkd.leaderboard.board import Column, Estimate, Key, Row, Run, RunValues, SuiteBoard, estimate
from mtkd.leaderboard.delta import Reference, Values, by_task, choose_reference, delta_estimate, over_tasks, signed_delta
from mtkd.leaderboard.records import read_runs
from mtkd.leaderboard.results import Result
from mtkd.leaderboard.significance import compare


def build(paths: Iterable[str | Path], suite: str | None = None, with_published: bool = True,
          beside: str | None = None, pairs: Sequence[tuple[str, str]] = (), baseline: str | None = None) -> list[SuiteBoard]:
    """Collects results into one leaderboard per suite, sorted by name.

    Args:
        paths: folders and files; without any, the board has only the papers' rows, and `suite` is required.
        suite: keeps only this suite.
        with_published: adds the papers' rows.
        beside: the published suite to add, if it is not the one of the same name (another protocol).
        pairs: pairs of methods to compare over their common seeds, the second with the first.
        baseline: compare every other measured method with this one.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: no results, an unknown suite, an invalid file, two runs of the same row and seed, or a comparison of
            rows that do not exist.
    """
    paths = list(paths)
    if beside is not None and beside not in published.suites():
        raise ValueError(f'no published rows of {beside!r}; there are: {", ".join(published.suites())}')
    runs = read_runs(paths)
    measured = sorted({run.result.suite for run in runs})
    known = sorted({*measured, *(published.suites() if with_published else [])})
    if suite is not None and suite not in known:
        raise ValueError(f'unknown suite {suite!r}; known: {", ".join(known) or "none"}')
    if suite is not None and paths and suite not in measured:
        raise ValueError(f'no results of suite {suite!r} found; there are results of: {", ".join(measured)}')
    if suite is None and not paths:
        raise ValueError('name at least one folder with results, or a suite to see its published rows alone')
    names = measured if suite is None else [suite]
    by_suite: dict[str, list[Run]] = {name: [] for name in measured}
    for run in runs:
        by_suite[run.result.suite].append(run)
    boards = [board(by_suite.get(name, []), name, with_published, beside) for name in names]
    for made in boards:
        made.comparisons = compare(made, pairs, baseline)
    return boards


def board(runs: Sequence[Run], suite: str, with_published: bool = True, beside: str | None = None) -> SuiteBoard:
    """The leaderboard of one suite from its runs (all of that suite)."""
    stamp = digest([run.result for run in runs])  # first, so that its strings are freed before the rows are built
    rows_of = beside or suite
    paper = published.load(rows_of) if rows_of in published.suites() else None
    columns = _columns(runs, paper)
    shown = paper if with_published else None
    measured = _measured(runs, columns)
    reported = _reported(shown) if shown else []
    for rows in (measured, reported):
        _mark_best(rows, columns.values())
    return SuiteBoard(
        suite=suite,
        title=paper.title if paper and beside is None else suite,
        paper=shown.paper if shown else '',
        columns=list(columns.values()),
        measured=measured,
        reported=reported,
        notes=list(shown.notes) if shown else [],
        digest=stamp,
    )


def digest(results: Sequence[Result]) -> str:
    """sha256 of the contents of results, independent of their order and location; empty for none."""
    texts = sorted(map(json.JSONEncoder(sort_keys=True).encode, (result.to_json() for result in results)))
    total = hashlib.sha256()
    for number, text in enumerate(texts):
        total.update((f'\n{text}' if number else text).encode())
    return total.hexdigest() if texts else ''


# Columns


def _columns(runs: Sequence[Run], paper: published.PublishedSuite | None) -> dict[Key, Column]:
    """The columns of a suite: those of the paper, in its order, then all others that were measured, task by task.

    If a paper defines a task's metrics, those enter Delta_mt, otherwise the `primary` metrics of the runs. Both are shown.
    """
    columns: dict[Key, Column] = {}
    origin: dict[Key, str] = {}
    for task, named in (paper.metrics if paper else {}).items():
        for name, info in named.items():
            columns[task, name] = Column(task, name, info.unit, info.higher_is_better)
            origin[task, name] = 'the published rows of the suite'
    for run in sorted(runs, key=lambda run: -len(run.result.tasks)):
        for task, name in _keys(run.result):
            metric = run.result.metrics[task][name]
            old = columns.get((task, name))
            if old is None:
                primary = name in run.result.primary[task]
                defined = paper is not None and task in paper.metrics
                columns[task, name] = Column(task, name, metric.unit, metric.higher_is_better, primary and not defined,
                                             primary)
                origin[task, name] = run.where
                continue
            same_unit = old.unit == metric.unit or '' in (old.unit, metric.unit)  # a paper's depth may have no unit
            if not same_unit or old.higher_is_better != metric.higher_is_better:
                raise ValueError(
                    f'{run.where}: {task} {name} has unit {metric.unit!r} and higher_is_better {metric.higher_is_better}, '
                    f'but {old.unit!r} and {old.higher_is_better} in {origin[task, name]}'
                )
    tasks = list(dict.fromkeys(task for task, _ in columns))
    return dict(sorted(columns.items(), key=lambda item: tasks.index(item[0][0])))


def _keys(result: Result) -> list[Key]:
    return [(task, name) for task in result.tasks for name in result.metrics[task]]


# Measured rows


def _measured(runs: Sequence[Run], columns: Mapping[Key, Column]) -> list[Row]:
    groups = group_runs(runs)
    references = _merge_single_task([group for group in groups if group[0].result.role == 'single_task'])
    plain = [reference for reference in references if not any(group[0].result.teachers for group in reference)]
    rows = [_single_task_row(reference) for reference in references]
    plain_of, all_of = _by_backbone(plain), _by_backbone(references)
    for row, reference in zip(rows, references, strict=True):
        taught = any(group[0].result.teachers for group in reference)
        if taught and (joined := over_tasks(reference)):
            _set_delta(row, joined, plain_of.get(row.backbone, []), columns)
    for group in groups:
        if group[0].result.role == 'multi_task':
            rows.append(_row(group))
            _set_delta(rows[-1], group, all_of.get(group[0].result.backbone, []), columns)
    return sorted(rows, key=_order)


def _by_backbone(references: Iterable[Reference]) -> dict[str, list[Reference]]:
    found: dict[str, list[Reference]] = {}
    for reference in references:
        found.setdefault(reference[0][0].result.backbone, []).append(reference)
    return found


def _order(row: Row) -> tuple[object, ...]:
    """By backbone, undistilled single-task rows first, then by Delta_mt, best first."""
    gain = math.inf if row.delta is None else -row.delta.mean
    return (row.backbone, row.role != 'single_task' or bool(row.teachers), gain, row.method, row.configs)


def group_runs(runs: Sequence[Run]) -> list[list[Run]]:
    """Groups runs that differ only in seed and fold.

    Raises:
        ValueError: two files contain the same run, or runs of a group have different metrics or protocols.
    """
    groups: dict[tuple[object, ...], dict[tuple[int, int], Run]] = {}
    for run in runs:
        r = run.result
        key = (r.method, r.backbone, r.role, *sorted(r.tasks), r.train_set, r.test_set, r.domain, r.config_sha256)
        group = groups.setdefault(key, {})
        number = (r.seed, -1 if r.fold is None else r.fold)
        if number in group:
            raise ValueError(
                f'{group[number].where} and {run.where} are both seed {r.seed} of {r.method} ({r.backbone}, '
                f'suite {r.suite}); remove one of them'
            )
        first = next(iter(group.values()), run)
        if any(first.result.metrics[task].keys() != r.metrics[task].keys() for task in r.tasks):
            raise ValueError(f'{first.where} and {run.where} are runs of one row with different metrics; test them again')
        if _protocol(first.result) != _protocol(r):
            raise ValueError(f'{first.where} reports the {_protocol(first.result)} and {run.where}, of the same row, the '
                             f'{_protocol(r)}; test one of them again')
        group[number] = run
    return [[group[number] for number in sorted(group)] for group in groups.values()]


def _row(group: Sequence[Run]) -> Row:
    """The row of runs that differ only in seed and fold."""
    results = [run.result for run in group]
    first = results[0]
    keys = _keys(first)
    return Row(
        method=first.method,
        backbone=first.backbone,
        role=first.role,
        student=first.student,
        teachers=_unique(name for r in results for name in r.teachers),
        metrics={(task, name): estimate([r.metrics[task][name].value for r in results]) for task, name in keys},
        seeds=sorted({r.seed for r in results}),
        train_set=first.train_set or '',
        test_set=first.test_set or '',
        domain=first.domain or '',
        params=_mean(r.params for r in results),
        macs=_mean(r.macs for r in results),
        input_size=first.input_size,
        images_per_second=_mean(r.images_per_second for r in results),
        peak_memory_bytes=max((r.peak_memory_bytes for r in results if r.peak_memory_bytes is not None), default=None),
        device=', '.join(_unique(r.device for r in results)),
        configs=_unique(r.config for r in results),
        commands=_unique(r.command for r in results),
        code_versions=_unique(r.code_version for r in results),
        times=_unique(r.time for r in results),
        files=[run.where for run in group],
        runs=[RunValues(r.seed, r.fold, {key: r.metrics[key[0]][key[1]].value for key in keys}) for r in results],
        notes=_protocol_note(first) + _undefined(group),
    )


def _protocol(result: Result) -> str:
    return result.protocol or 'last checkpoint'


def _protocol_note(result: Result) -> list[str]:
    """A note on a row's numbers, if they are not those of the last checkpoint."""
    return [] if _protocol(result) == 'last checkpoint' else [f'Numbers: {_protocol(result)}.']


def _undefined(group: Sequence[Run]) -> list[str]:
    notes = []
    for task, name in _keys(group[0].result):
        seeds = [run.result.seed for run in group if not math.isfinite(run.result.metrics[task][name].value)]
        if seeds:
            notes.append(f'{task} {name} is undefined in seed {", ".join(str(seed) for seed in seeds)}.')
    return notes


def _unique(items: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(item for item in items if item))


def _mean(items: Iterable[float | None]) -> float | None:
    known = [item for item in items if item is not None]
    return fmean(known) if known else None


def _total(items: Iterable[float | None]) -> float | None:
    """The sum, None if a part is unknown."""
    known = list(items)
    return None if None in known else sum(item for item in known if item is not None)


# Single-task rows


SplitKey = Callable[[Result], tuple[object, ...]]


def _merge_single_task(groups: Sequence[list[Run]]) -> list[list[list[Run]]]:
    """Sets of single-task groups, one group per task; each set is one row.

    Groups are merged over tasks by method, backbone and domain. If that gives a task twice, training and test set are used
    as well; if that is not enough, each group is a separate row.
    """
    keys: list[SplitKey] = [
        lambda r: (r.method, r.backbone, r.domain),
        lambda r: (r.train_set, r.test_set),
        lambda r: (r.tasks[0], r.config_sha256),
    ]
    return _split(groups, keys)


def _split(groups: Sequence[list[Run]], keys: Sequence[SplitKey]) -> list[list[list[Run]]]:
    """Splits by the first key, and by the next keys if a part still has a task twice."""
    sets: dict[tuple[object, ...], list[list[Run]]] = {}
    for group in groups:
        sets.setdefault(keys[0](group[0].result), []).append(group)
    out: list[list[list[Run]]] = []
    for found in sets.values():
        tasks = {group[0].result.tasks[0] for group in found}
        out += [found] if len(tasks) == len(found) or not keys[1:] else _split(found, keys[1:])
    return out


def _single_task_row(groups: Sequence[list[Run]]) -> Row:
    """One row for the single-task networks of all tasks; its cost is their sum, its Delta_mt 0 by definition."""
    rows = [_row(group) for group in groups]
    merged = rows[0]
    merged.delta = Estimate(0.0) if not any(row.teachers for row in rows) else None
    if len(rows) == 1:
        return merged
    merged.metrics = {key: value for row in rows for key, value in row.metrics.items()}
    merged.seeds = sorted({seed for row in rows for seed in row.seeds})
    merged.runs = _merge_runs([run for row in rows for run in row.runs])
    merged.params, merged.macs = _total(row.params for row in rows), _total(row.macs for row in rows)
    merged.images_per_second = merged.peak_memory_bytes = None
    for name in ('train_set', 'test_set', 'device', 'student'):
        setattr(merged, name, ', '.join(_unique(getattr(row, name) for row in rows)))
    for name in ('teachers', 'configs', 'commands', 'code_versions', 'times', 'files', 'notes'):
        setattr(merged, name, _unique(item for row in rows for item in getattr(row, name)))
    merged.notes.append(f'{len(rows)} single-task networks; parameters and MACs are their sum.')
    if len({len(group) for group in groups}) > 1:
        counts = ', '.join(f'{group[0].result.tasks[0]} {len(group)}' for group in groups)
        merged.notes.append(f'Runs per task: {counts}.')
    return merged


def _merge_runs(runs: Sequence[RunValues]) -> list[RunValues]:
    """Merges runs of the same seed and fold over their tasks."""
    merged: dict[tuple[int, int], RunValues] = {}
    for run in runs:
        merged.setdefault(run.number, RunValues(run.seed, run.fold, {})).metrics.update(run.metrics)
    return [merged[number] for number in sorted(merged)]


# Delta_mt


def _set_delta(row: Row, group: Sequence[Run], references: Sequence[Reference], columns: Mapping[Key, Column]) -> None:
    """Computes Delta_mt of a multi-task or distilled row, or adds a note why there is none or what it omits."""
    result = group[0].result
    used = [key for key in row.metrics if columns[key].in_delta]
    higher = {key: columns[key].higher_is_better for key in used}
    try:
        for task in sorted(set(result.tasks) - {task for task, _ in used}):
            names = ', '.join(key[1] for key, column in columns.items() if key[0] == task and column.in_delta)
            raise ValueError(f'{task} was measured without {names}, which define it')
        reference = choose_reference(references, result)
        row.delta, deltas = delta_estimate(group, reference, higher)
        own = {(run.result.seed, run.result.fold): delta for run, delta in zip(group, deltas, strict=True)}
        for values in row.runs:
            values.delta = own.get((values.seed, values.fold))
    except ValueError as error:
        row.notes.append(f'No Δ_mt: {error}.')
        return
    counts = sorted({len(runs) for runs in reference})
    if counts != [1]:
        spread = f'{counts[0]} to {counts[-1]}' if counts[1:] else f'{counts[0]}'
        row.notes.append(f'Single-task reference: {spread} runs a task.')
    missing = [f'{key[0]} {key[1]}' for key, column in columns.items() if column.in_delta and key not in used]
    if missing:
        row.notes.append(f'Δ_mt without {", ".join(missing)}: not measured.')


# Reported rows


def _reported(paper: published.PublishedSuite) -> list[Row]:
    """The paper's rows in its order, with Delta_mt recomputed by our code."""
    singles = {row.backbone: row for row in paper.rows if row.role == 'single_task'}
    return [_reported_row(row, singles.get(row.reference_backbone), paper) for row in paper.rows]


def _reported_row(
    row: published.PublishedRow, reference: published.PublishedRow | None, paper: published.PublishedSuite
) -> Row:
    values = {(task, name): value for task, named in row.metrics.items() for name, value in named.items()}
    notes, delta = list(row.notes), None
    if reference is None:
        notes.append(f'No recomputed Δ_mt: the paper has no single-task row with {row.reference_backbone}.')
    else:
        higher = by_task({(task, name): paper.metrics[task][name].higher_is_better for task, name in values})
        delta = Estimate(signed_delta(_floats(row), _floats(reference), higher))
    return Row(
        method=row.method,
        backbone=row.backbone,
        role=row.role,
        metrics={key: Estimate(float(value), text=str(value)) for key, value in values.items()},
        teachers=list(row.teachers),
        delta=delta,
        printed_delta='' if row.printed_delta is None else str(row.printed_delta),
        table=row.table,
        source=row.source,
        params=None if row.params_m is None else float(row.params_m * 10**6),
        macs=None if row.gflops is None else float(row.gflops * 10**9),
        comparable=row.comparable,
        notes=notes,
    )


def _floats(row: published.PublishedRow) -> Values:
    return {task: {name: float(value) for name, value in named.items()} for task, named in row.metrics.items()}


# Marks


def _mark_best(rows: Iterable[Row], columns: Collection[Column]) -> None:
    """Marks in every column the best comparable row of one backbone on one test set (in one table of a paper)."""
    peers: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if row.comparable:
            peers.setdefault((row.backbone, row.table, row.domain, row.test_set), []).append(row)
    for group in peers.values():
        for column in columns:
            key = column.key
            _mark([(row.metrics[key].mean, row) for row in group if key in row.metrics], key, column.higher_is_better)
        _mark([(row.delta.mean, row) for row in group if row.delta is not None], 'delta', True)


def _mark(values: Iterable[tuple[float, Row]], key: Key | str, higher_is_better: bool) -> None:
    """Marks the row or rows with the best finite value; a single row gets no mark."""
    known = [(value, row) for value, row in values if math.isfinite(value)]
    if len(known) > 1:
        best = (max if higher_is_better else min)(value for value, _ in known)
        for value, row in known:
            if value == best:
                row.best.add(key)
