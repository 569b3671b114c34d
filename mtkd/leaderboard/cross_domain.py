"""Cross-domain results: one table per task, training sets by test sets."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from mtkd.leaderboard.aggregate import group_runs
from mtkd.leaderboard.board import Column, Estimate, Run, estimate
from mtkd.leaderboard.escaping import csv_cell, markdown
from mtkd.leaderboard.records import read_runs
from mtkd.leaderboard.results import SCHEMA_VERSION, Result
from mtkd.leaderboard.table import format_estimate, metric_label

INTERVAL = (
    "Mean ± half of the 95 % confidence interval (Student's t) over n runs (seeds, folds); no interval for n = 1. "
    'Best of each column in bold; an empty cell was not measured.'
)
_ASSETS = Path(__file__).parent / 'assets'


@dataclass
class CrossRow:
    """One method trained on one set.

    Attributes:
        method, backbone, train_set: description of the row.
        cells: test set -> the metric on it.
        best: the test sets on which it is the best of the table.
    """

    method: str
    backbone: str
    train_set: str
    cells: dict[str, Estimate]
    best: set[str] = field(default_factory=set)

    @property
    def n(self) -> str:
        """Number of runs of the cells: one number, or the smallest and the largest."""
        counts = sorted({cell.n for cell in self.cells.values()})
        return f'{counts[0]}' if len(counts) == 1 else f'{counts[0]} to {counts[-1]}'


@dataclass
class CrossTable:
    """One metric of one task of one suite.

    Attributes:
        suite: the suite.
        column: the metric.
        tests: the test sets, in order of occurrence.
        rows: one row per training.
    """

    suite: str
    column: Column
    tests: list[str]
    rows: list[CrossRow]

    @property
    def title(self) -> str:
        """'faces: gender, accuracy (%) ↑'."""
        return f'{self.suite}: {self.column.task}, {metric_label(self.column)}'


def cross_domain(paths: Iterable[str | Path], suite: str | None = None) -> list[CrossTable]:
    """The tables of all tasks' primary metrics.

    A run that was tested on several sets has several results files (``tools/test.py --out results_other.json``) in one row.
    A test set is identified by its name and, if it has several, its domain.

    Args:
        paths: folders and files.
        suite: keeps only this suite.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: no results, none of the suite, an invalid file, or two files of the same run on the same set.
    """
    runs = read_runs(paths)
    suites = sorted({run.result.suite for run in runs})
    if not runs:
        raise ValueError('name at least one folder with results: a cross-domain table is made from measured results')
    if suite is not None and suite not in suites:
        raise ValueError(f'no results of suite {suite!r} found; there are results of: {", ".join(suites)}')
    tables = []
    for name in suites if suite is None else [suite]:
        groups = group_runs([run for run in runs if run.result.suite == name])
        tables += [_table(name, column, groups) for column in _columns(groups)]
    return tables


def _columns(groups: Sequence[Sequence[Run]]) -> list[Column]:
    """The primary metrics, task by task in the order of the runs with most tasks."""
    columns: dict[tuple[str, str], Column] = {}
    for group in sorted(groups, key=lambda group: -len(group[0].result.tasks)):
        result = group[0].result
        for task in result.tasks:
            for name in result.primary[task]:
                metric = result.metrics[task][name]
                columns.setdefault((task, name), Column(task, name, metric.unit, metric.higher_is_better))
    return list(columns.values())


def _table(suite: str, column: Column, groups: Sequence[Sequence[Run]]) -> CrossTable:
    found: dict[tuple[object, ...], tuple[Result, dict[str, Estimate]]] = {}
    for group in groups:
        result = group[0].result
        if column.name not in result.metrics.get(column.task, {}):
            continue
        key = (result.train_set or '', result.method, result.backbone, result.role, *sorted(result.tasks),
               result.config_sha256)
        values = [run.result.metrics[column.task][column.name].value for run in group]
        found.setdefault(key, (result, {}))[1][measured_on(result)] = estimate(values)
    tests = sorted({test for _, cells in found.values() for test in cells})
    ordered = [found[key] for key in sorted(found, key=lambda key: tuple(map(str, key)))]
    rows = [CrossRow(result.method, result.backbone, result.train_set or '', cells) for result, cells in ordered]
    _tell_apart(rows, [result for result, _ in ordered])
    for test in tests:
        known = [(row.cells[test].mean, row) for row in rows if test in row.cells and math.isfinite(row.cells[test].mean)]
        best = (max if column.higher_is_better else min)((value for value, _ in known), default=math.nan)
        for value, row in known if len(known) > 1 else []:
            if value == best:
                row.best.add(test)
    return CrossTable(suite, column, tests, rows)


def measured_on(result: Result) -> str:
    """The test set of a result, with its domain."""
    return (result.test_set or 'unnamed') + (f' ({result.domain})' if result.domain else '')


def _tell_apart(rows: Sequence[CrossRow], results: Sequence[Result]) -> None:
    """Add the config's name to lines with equal labels."""
    names = [(row.method, row.backbone, row.train_set) for row in rows]
    for row, name, result in zip(rows, names, results, strict=True):
        if names.count(name) > 1:
            row.method = f'{row.method} [{Path(result.config).stem}]'


def render_cross(tables: Sequence[CrossTable], form: str = 'md', title: str = '', note: str = '') -> str:
    """Tables as text.

    Args:
        tables: tables from :func:`cross_domain`.
        form: ``'md'``, ``'html'``, ``'csv'`` or ``'json'``.
        title: title of the page; Markdown and HTML only.
        note: protocol text for the top; Markdown and HTML only.

    Raises:
        ValueError: an unknown format.
    """
    forms = {'md': _markdown, 'html': _html}
    if form in forms:
        return forms[form](tables, title or 'Trained on × tested on', note.strip())
    if form not in ('csv', 'json'):
        raise ValueError(f'unknown format {form!r}; there are: md, csv, json, html')
    return _csv(tables) if form == 'csv' else _json(tables)


def _lines(table: CrossTable) -> list[list[tuple[str, bool]]]:
    """The cells of each row as (text, whether it is the best)."""
    lines = []
    for row in table.rows:
        texts = [(row.train_set or '-', False), (row.method, False), (row.backbone, False), (row.n, False)]
        texts += [(format_estimate(row.cells[test], table.column.unit) if test in row.cells else '', test in row.best)
                  for test in table.tests]
        lines.append(texts)
    return lines


_HEADS = ('Trained on', 'Method', 'Backbone', 'n')


def _markdown(tables: Sequence[CrossTable], title: str, note: str) -> str:
    parts = [f'# {title}', *([note] if note else []), INTERVAL]
    for table in tables:
        heads = [*_HEADS, *table.tests]
        rows = ['| ' + ' | '.join((f'**{markdown(text)}**' if best else markdown(text)) for text, best in line) + ' |'
                for line in _lines(table)]
        rule = '|' + '|'.join(['---', '---', '---', *['---:'] * (len(heads) - 3)]) + '|'
        parts += [f'## {markdown(table.title)}', '\n'.join(['| ' + ' | '.join(map(markdown, heads)) + ' |', rule, *rows])]
    return '\n\n'.join(parts) + '\n'


def _html(tables: Sequence[CrossTable], title: str, note: str) -> str:
    sections = []
    for table in tables:
        heads = ''.join(f'<th scope="col" class="{"num" if i > 2 else ""}" style="padding:8px 10px">{escape(head)}</th>'
                        for i, head in enumerate([*_HEADS, *table.tests]))
        rows = ''.join('<tr>' + ''.join(
            f'<td class="{" ".join(c for c, on in (("num", i > 2), ("best", best)) if on)}">{escape(text)}</td>'
            for i, (text, best) in enumerate(line)) + '</tr>\n' for line in _lines(table))
        sections.append(f'<section><h3>{escape(table.title)}</h3><div class="scroll"><table><thead><tr>{heads}</tr>'
                        f'</thead>\n<tbody>\n{rows}</tbody></table></div></section>\n')
    paragraphs = ''.join(f'<p>{escape(text)}</p>' for text in [*note.split('\n\n'), INTERVAL] if text.strip())
    return (f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" '
            f'content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n<style>\n'
            f'{(_ASSETS / "page.css").read_text(encoding="utf-8")}</style>\n</head>\n<body>\n<header class="top"><h1>'
            f'{escape(title)}</h1><div class="protocol">{paragraphs}</div></header>\n<main>\n{"".join(sections)}</main>\n'
            f'<footer>Made by <code>tools/leaderboard.py --cross-domain</code> from results files.</footer>\n</body>\n'
            f'</html>\n')


def _csv(tables: Sequence[CrossTable]) -> str:
    """One line per cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['suite', 'task', 'metric', 'unit', 'higher_is_better', 'method', 'backbone', 'train_set', 'test_set',
                     'mean', 'ci95', 'n'])
    for table in tables:
        column = table.column
        for row in table.rows:
            for test, cell in row.cells.items():
                values = [table.suite, column.task, column.name, column.unit, column.higher_is_better, row.method,
                          row.backbone, row.train_set, test, _known(cell.mean), _known(cell.half_width), cell.n]
                writer.writerow(map(csv_cell, values))
    return text.getvalue()


def _known(value: float | None) -> float | str:
    return value if value is not None and math.isfinite(value) else ''


def _json(tables: Sequence[CrossTable]) -> str:
    data = [{'suite': table.suite, 'task': table.column.task, 'metric': table.column.name, 'unit': table.column.unit,
             'higher_is_better': table.column.higher_is_better, 'tests': table.tests,
             'rows': [{'method': row.method, 'backbone': row.backbone, 'train_set': row.train_set,
                       'cells': {test: {'mean': cell.mean if math.isfinite(cell.mean) else None,
                                        'ci95': cell.half_width, 'n': cell.n} for test, cell in row.cells.items()},
                       'best': sorted(row.best)} for row in table.rows]} for table in tables]
    return json.dumps({'schema_version': SCHEMA_VERSION, 'cross_domain': data}, indent=2, ensure_ascii=False,
                      allow_nan=False) + '\n'
