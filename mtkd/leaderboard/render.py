"""Leaderboards as Markdown, CSV, JSON or one self-contained web page. The same boards always give the same text."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from mtkd.leaderboard.board import Comparison, Estimate, Row, RunValues, SuiteBoard
from mtkd.leaderboard.escaping import csv_cell, markdown
from mtkd.leaderboard.results import SCHEMA_VERSION
from mtkd.leaderboard.significance import caveat
from mtkd.leaderboard.table import BLOCKS, INTERVAL, Cell, Head, Table, comparison_table, comparison_title, delta_note, table
from mtkd.leaderboard.webpage import COMPARED, HEADINGS, page, results_digest, stamp

FORMATS = ('md', 'csv', 'json', 'html')


def render(boards: Sequence[SuiteBoard], form: str = 'md', title: str = '', note: str = '') -> str:
    """Boards as text.

    Args:
        boards: one per suite.
        form: one of FORMATS.
        title: title of the page; by default that of the suite. Markdown and HTML only.
        note: protocol text for the top. Markdown and HTML only; in HTML, blank lines separate paragraphs, lines that begin
            with '- ' are a list, `backticks` mark code and two asterisks bold.

    Raises:
        ValueError: an unknown format.
    """
    if form not in FORMATS:
        raise ValueError(f'unknown format {form!r}; there are: {", ".join(FORMATS)}')
    own = boards[0].title if len(boards) == 1 else 'Leaderboard'
    if form == 'md':
        return _markdown(boards, title or _pipe(own), note)
    if form == 'html':
        return page(boards, title or own, note)
    return _csv(boards) if form == 'csv' else _json(boards)


def format_of(path: str | Path) -> str | None:
    """The format of a file name by its extension; None if it has none of the known ones."""
    return {'.md': 'md', '.csv': 'csv', '.json': 'json', '.html': 'html', '.htm': 'html'}.get(Path(path).suffix.lower())


def why_stale(path: str | Path, text: str) -> str | None:
    """The reason why the page at `path` is outdated, in one sentence; None if it equals `text`.

    Contents are compared, not times. Pages (except CSV) contain the hash of their results, which distinguishes changed
    results from changed options.
    """
    path = Path(path)
    if not path.is_file():
        return f'{path} does not exist; run the same command without --check'
    old = path.read_text(encoding='utf-8')
    if old == text:
        return None
    then, now = _STAMP.search(old), _STAMP.search(text)
    if then and now and then[0] == now[0]:
        return (f'{path} does not match its results: the results are unchanged, but title, note, options or mtkd itself '
                f'have changed; run the same command without --check')
    return f'{path} does not match its results; run the same command without --check'


_STAMP = re.compile('results.sha256[: "]+([0-9a-f]{64})')


# Markdown


def _markdown(boards: Sequence[SuiteBoard], title: str, note: str) -> str:
    parts = [f'# {title}']
    if note.strip():
        parts.append(note.strip())
    for board in boards:
        if len(boards) > 1:
            parts.append(f'## {_pipe(board.title)}')
        for block in BLOCKS:
            laid = table(board, block)
            if laid.rows:
                parts.append(f'{"#" * (3 if len(boards) > 1 else 2)} {HEADINGS[block]}')
                parts += _markdown_block(board, block, laid)
            if block == 'measured':
                parts += _markdown_comparisons(board, '#' * (3 if len(boards) > 1 else 2))
    parts.append(f'<!-- {stamp(boards)} -->')
    return '\n\n'.join(parts) + '\n'


def _markdown_block(board: SuiteBoard, block: str, laid: Table) -> list[str]:
    lines = _markdown_table(laid.heads, laid.cells, laid.marks)
    notes = [f'{number}. {markdown(note)}' for number, note in enumerate(laid.notes, 1)]
    general = [INTERVAL, *delta_note(board)] if block == 'measured' else [f'Source: {board.paper}.', *board.notes]
    return ['\n'.join(lines), '\n'.join(notes), *general] if notes else ['\n'.join(lines), *general]


def _markdown_table(heads: Sequence[Head], rows: Sequence[Sequence[Cell]], marks: Sequence[Sequence[int]] = ()) -> list[str]:
    lines = [
        '| ' + ' | '.join(_pipe(head.text) for head in heads) + ' |',
        '|' + '|'.join('---:' if head.numeric else '---' for head in heads) + '|',
    ]
    for cells, numbers in zip(rows, marks or [()] * len(rows), strict=True):
        texts = [f'**{_pipe(cell.text)}**' if cell.best else _pipe(cell.text) or '-' for cell in cells]
        texts[0] += ''.join(f'<sup>{number}</sup>' for number in numbers)
        lines.append('| ' + ' | '.join(texts) + ' |')
    return lines


def _markdown_comparisons(board: SuiteBoard, level: str) -> list[str]:
    parts = [f'{level} {COMPARED}'] if board.comparisons else []
    for comparison in board.comparisons:
        heads, cells = comparison_table(comparison)
        parts += [f'**{_pipe(comparison_title(comparison))}**', '\n'.join(_markdown_table(heads, cells)), caveat(comparison)]
    return parts


def _pipe(text: str) -> str:
    return markdown(text).replace('Δ_mt', 'Δ<sub>mt</sub>')


# CSV and JSON


def _csv(boards: Sequence[SuiteBoard]) -> str:
    """One line per row of any suite and block; each metric has a column for its mean and one for half its interval."""
    keys = list(dict.fromkeys(column.key for board in boards for column in board.columns))
    rows = [(board, block, row) for board in boards for block in BLOCKS for row in getattr(board, block)]
    fields = list(_flat(boards[0], 'measured', Row('', '', '', {})))
    fields += [f'{task}.{name}{end}' for task, name in keys for end in ('', '.ci95')]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fields, restval='', lineterminator='\n')
    writer.writerow({field: csv_cell(field) for field in fields})
    for board, block, row in rows:
        line = _flat(board, block, row)
        for (task, name), estimate in row.metrics.items():
            line[f'{task}.{name}'] = estimate.text or _number(estimate.mean)
            line[f'{task}.{name}.ci95'] = _number(estimate.half_width)
        writer.writerow({key: csv_cell(value) for key, value in line.items()})
    return buffer.getvalue()


def _flat(board: SuiteBoard, block: str, row: Row) -> dict[str, Any]:
    delta = row.delta
    return {
        'suite': board.suite,
        'block': block,
        'method': row.method,
        'backbone': row.backbone,
        'role': row.role,
        'student': row.student,
        'teachers': '; '.join(row.teachers),
        'train_set': row.train_set,
        'test_set': row.test_set,
        'domain': row.domain,
        'table': row.table,
        'n': row.n if block == 'measured' else '',
        'seeds': ' '.join(str(seed) for seed in row.seeds),
        'delta_mt': _number(delta.mean if delta else None),
        'delta_mt.ci95': _number(delta.half_width if delta else None),
        'delta_mt.printed': row.printed_delta,
        'params': _number(row.params),
        'macs': _number(row.macs),
        'input_size': '' if row.input_size is None else f'{row.input_size[0]}x{row.input_size[1]}',
        'images_per_second': _number(row.images_per_second),
        'peak_memory_bytes': _number(row.peak_memory_bytes),
        'config': '; '.join(row.configs),
        'code_version': '; '.join(row.code_versions),
        'notes': ' '.join(row.notes),
    }


def _number(value: float | None) -> str:
    """The shortest digits that give the same number when parsed; empty if unknown or undefined."""
    if value is None or not math.isfinite(value):
        return ''
    return str(int(value)) if float(value).is_integer() and abs(value) >= 1000 else repr(float(value))


def _json(boards: Sequence[SuiteBoard]) -> str:
    suites = {
        board.suite: {
            'title': board.title,
            'paper': board.paper,
            'columns': [asdict(column) for column in board.columns],
            'measured': [_record(row) for row in board.measured],
            'reported': [_record(row) for row in board.reported],
            'notes': board.notes,
            'comparisons': [_comparison(comparison) for comparison in board.comparisons],
        }
        for board in boards
    }
    data = {'schema_version': SCHEMA_VERSION, 'results_sha256': results_digest(boards), 'suites': suites}
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + '\n'


def _comparison(comparison: Comparison) -> dict[str, Any]:
    data = asdict(comparison)
    for test in data['tests']:
        test['mean'] = test['mean'] if math.isfinite(test['mean']) else None
        test['n'] = len(test['differences'])
    return {**data, 'caveat': caveat(comparison)}


def _record(row: Row) -> dict[str, Any]:
    data = {f.name: getattr(row, f.name) for f in fields(row)}
    del data['files']  # a page does not depend on the location of the results
    metrics: dict[str, dict[str, Any]] = {}
    for (task, name), estimate in row.metrics.items():
        metrics.setdefault(task, {})[name] = _spread(estimate)
    data['metrics'] = metrics
    data['runs'] = [_run(run) for run in row.runs]
    data['delta'] = None if row.delta is None else _spread(row.delta)
    data['best'] = sorted(key if isinstance(key, str) else '.'.join(key) for key in row.best)
    data['printed_delta'] = float(row.printed_delta) if row.printed_delta else None
    return data


def _run(run: RunValues) -> dict[str, Any]:
    metrics: dict[str, dict[str, float | None]] = {}
    for (task, name), value in run.metrics.items():
        metrics.setdefault(task, {})[name] = value if math.isfinite(value) else None
    return {'seed': run.seed, 'fold': run.fold, 'metrics': metrics, 'delta': run.delta}


def _spread(estimate: Estimate) -> dict[str, Any]:
    mean = estimate.mean if math.isfinite(estimate.mean) else None
    printed = {'printed': estimate.text} if estimate.text else {}
    return {'mean': mean, 'ci95': estimate.half_width, 'n': estimate.n, **printed}
