"""The leaderboard as one self-contained web page: sortable, filterable tables, plots, details on hover; no fetching."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import dedent

from mtkd.leaderboard.board import Column, Comparison, Row, SuiteBoard
from mtkd.leaderboard.plot import Point, scatter
from mtkd.leaderboard.significance import caveat
from mtkd.leaderboard.table import (
    BLOCKS,
    INTERVAL,
    Cell,
    Head,
    Table,
    comparison_table,
    comparison_title,
    delta_note,
    metric_label,
    other_metrics,
    table,
)

COMPARED = 'Compared over common seeds'
HEADINGS = {'measured': 'Measured', 'reported': 'Reported by the paper'}
_MARKED = 'Best of its backbone{} in colour; rows of the two blocks are never ranked against each other.'
_ASSETS = Path(__file__).parent / 'assets'
_COLOURS = 8
_MARKS = re.compile('[`*Δ]')


def page(boards: Sequence[SuiteBoard], title: str, note: str) -> str:
    """The whole page.

    Args:
        boards: one per suite.
        title: heading of the page.
        note: protocol text for the top: blank lines separate paragraphs, lines that begin with '- ' are a list, `backticks`
            mark code and two asterisks bold.
    """
    known = Backbones(row.backbone for board in boards for row in [*board.reported, *board.measured])
    ordered = sorted(known.names.items(), key=lambda item: item[1])
    options = ''.join(f'<option value="{escape(key)}">{escape(name)}</option>' for key, name in ordered)
    links = ''.join(f'<a href="#s{index}">{escape(board.title)}</a>' for index, board in enumerate(boards))
    parts = [f'''<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="made-from" content="{stamp(boards)}">
<title>{escape(title)}</title>
<style>
{(_ASSETS / 'page.css').read_text(encoding='utf-8')}</style>
</head>
<body>
<header class="top">
<h1>{escape(title)}</h1>
<div class="protocol">{_prose(note)}</div>
{f'<nav aria-label="Suites">{links}</nav>' if len(boards) > 1 else ''}
</header>
<div class="tools"><div>
<label>Backbone <select id="backbone"><option value="">all</option>{options}</select></label>
<label>Method <input id="method" type="search" placeholder="part of a name"></label>
<output id="count"></output>
<button id="theme" type="button" title="Light or dark">Light / dark</button>
</div></div>
<main>
''']
    for index, board in enumerate(boards):
        parts += _suite(board, f's{index}', known, len(boards) > 1)
    parts.append(f'''</main>
<footer>Made by <code>tools/leaderboard.py</code> from <code>results.json</code> files.
Hover over, tap or focus a row or a point for its command, seeds and code version.</footer>
<div id="tip" class="tip" role="tooltip" hidden></div>
<script>
{(_ASSETS / 'page.js').read_text(encoding='utf-8')}</script>
</body>
</html>
''')
    return ''.join(parts)  # joined only once: a page with thousands of rows has tens of megabytes


def results_digest(boards: Sequence[SuiteBoard]) -> str:
    """One hash of the results of all boards."""
    return hashlib.sha256('\n'.join(board.digest for board in boards).encode()).hexdigest()


def stamp(boards: Sequence[SuiteBoard]) -> str:
    """The digest of the results of a page, for `--check`."""
    return f'results sha256: {results_digest(boards)}'


class Backbones:
    """The backbones of a page.

    Args:
        spellings: those of all rows, papers' first: the first spelling of a backbone is its name.

    Attributes:
        names: key -> name.
        colours: key -> number of its colour class.
    """

    def __init__(self, spellings: Iterable[str]) -> None:
        self.names: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        for spelling in spellings:
            if spelling not in self._keys:
                self._keys[spelling] = re.sub('[^a-z0-9?]', '', spelling.lower())
                self.names.setdefault(self._keys[spelling], spelling)
        self.colours = {key: number % _COLOURS for number, key in enumerate(self.names)}

    def key(self, spelling: str) -> str:
        """One key for 'Swin-T', 'swin_t' and 'SwinT'."""
        return self._keys[spelling]


def _prose(text: str) -> str:
    """Paragraphs, indented code, lists (items may have several lines), emphasis and code spans of a note."""
    out = []
    for paragraph in re.split(r'\n\s*\n', text.strip('\n')):
        if paragraph.startswith('    '):
            out.append(f'<pre>{escape(dedent(paragraph).rstrip())}</pre>')
            continue
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        if lines and lines[0].startswith('- '):
            items = re.split(r'\n- ', '\n'.join(lines)[2:])
            out.append('<ul>' + ''.join(f'<li>{_inline(item.replace(chr(10), " "))}</li>' for item in items) + '</ul>')
        elif lines:
            out.append(f'<p>{_inline(" ".join(lines))}</p>')
    return ''.join(out)


def _inline(text: str) -> str:
    text = escape(text)
    if not _MARKS.search(text):
        return text
    marked = re.sub('`([^`]+)`', r'<code>\1</code>', text)
    marked = re.sub(r'\*\*(.+?)\*\*', r'<strong>\1</strong>', marked)
    marked = re.sub(r'(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])', r'<em>\1</em>', marked)
    return marked.replace('Δ_mt', 'Δ<sub>mt</sub>')


# One suite


def _suite(board: SuiteBoard, anchor: str, known: Backbones, heading: bool) -> Iterator[str]:
    yield f'<section id="{anchor}">' + (f'<h2>{escape(board.title)}</h2>' if heading else '')
    measured, reported = BLOCKS
    yield from _block(board, measured, f'{anchor}{measured[0]}', known)
    yield from (_comparison(comparison, known) for comparison in board.comparisons)
    yield from _block(board, reported, f'{anchor}{reported[0]}', known)
    yield '</section>\n'


def _block(board: SuiteBoard, block: str, prefix: str, known: Backbones) -> Iterator[str]:
    laid = table(board, block)
    if not laid.rows:
        return
    ids = [f'{prefix}{index}' for index in range(len(laid.rows))]
    footnotes = ''.join(f'<li>{_inline(note)}</li>' for note in laid.notes)
    general = [INTERVAL, *delta_note(board)] if block == 'measured' else list(board.notes)
    general.append(_MARKED.format('' if block == 'measured' else ' in its table'))
    source = f'<small>{escape(board.paper)}</small>' if block == 'reported' else ''
    badge = f'{len(laid.rows)} rows' if len(laid.rows) > 1 else '1 row'
    yield f'<div class="{block}"><h3><span class="badge">{badge}</span>{HEADINGS[block]}{source}</h3>\n'
    yield from _table(laid, ids, board.columns, known)
    yield from _figure(laid.rows, ids, board.columns, known)
    yield f'<ol class="notes">{footnotes}</ol>{"".join(f"<p class=notes>{_inline(text)}</p>" for text in general)}</div>\n'


def _comparison(comparison: Comparison, known: Backbones) -> str:
    """One pair of rows as a table without sorting, with a note on what its seeds can show."""
    heads, rows = comparison_table(comparison)
    top = ''.join(f'<th scope="col"{" class=num" if head.numeric else ""}>{escape(head.text)}</th>' for head in heads)
    lines = []
    for first, *others in rows:
        rest = ''.join(f'<td class="{_classes(head, cell)}">{_text(head, cell)}</td>'
                       for head, cell in zip(heads[1:], others, strict=True))
        lines.append(f'<tr><th scope="row">{_inline(first.text)}</th>{rest}</tr>\n')
    names = (f'data-first="{escape(comparison.first)}" data-second="{escape(comparison.second)}" '
             f'data-backbone="{known.key(comparison.backbone)}"')
    return (
        f'<div class="compared" {names}>'
        f'<h3><span class="badge">{COMPARED}</span>{escape(comparison_title(comparison))}</h3>\n'
        f'<div class="scroll"><table class="plain"><thead><tr>{top}</tr></thead>\n<tbody>\n{"".join(lines)}</tbody></table>'
        f'</div><p class=notes>{escape(caveat(comparison))}</p></div>\n'
    )


def _table(laid: Table, ids: Sequence[str], columns: Sequence[Column], known: Backbones) -> Iterator[str]:
    heads = ''.join(_head(head) for head in laid.heads)
    yield f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n'
    for row, cells, marks, name in zip(laid.rows, laid.cells, laid.marks, ids, strict=True):
        more = f'<div class="more" hidden>{_details(row, columns)}</div>'
        notes = ''.join(f'<sup>{mark}</sup>' for mark in marks)
        first = f'<th scope="row" data-sort="{escape(cells[0].text)}">{escape(cells[0].text)}{notes}{more}</th>'
        rest = ''.join(_cell(head, cell, row, known) for head, cell in zip(laid.heads[1:], cells[1:], strict=True))
        single = ' class="single"' if row.role == 'single_task' else ''
        data = f'data-method="{escape(row.method)}" data-backbone="{known.key(row.backbone)}"'
        yield f'<tr id="{name}" tabindex="0" {data}{single}>{first}{rest}</tr>\n'
    yield '</tbody></table></div>\n'


def _head(head: Head) -> str:
    """A heading that sorts; the first click puts the best first."""
    first = 'descending' if head.numeric and '↓' not in head.label else 'ascending'
    label = f'{_inline(head.over)}<span>{escape(head.label)}</span>' if head.over else escape(head.label)
    numeric = ' class="num"' if head.numeric else ''
    return f'<th scope="col" data-first="{first}"{numeric}><button type="button">{label}</button></th>'


def _cell(head: Head, cell: Cell, row: Row, known: Backbones) -> str:
    sort = '' if cell.sort is None else escape(str(cell.sort))
    text = _text(head, cell)
    if head.label == 'Backbone':
        key = known.key(row.backbone)
        text = f'<span class="dot c{known.colours[key]}"></span>{escape(known.names[key])}'
    return f'<td class="{_classes(head, cell)}" data-sort="{sort}">{text}</td>'


def _classes(head: Head, cell: Cell) -> str:
    return ' '.join(name for name, on in (('num', head.numeric), ('best', cell.best)) if on)


def _text(head: Head, cell: Cell) -> str:
    """A cell's text with a true minus sign and a subdued interval."""
    text = escape(cell.text.replace('-', '\N{MINUS SIGN}') if head.numeric else cell.text)
    return re.sub(r' (± [\d.]+)', r' <i>\1</i>', text) if '±' in text else text


def _details(row: Row, columns: Sequence[Column]) -> str:
    """The details shown on hover."""
    pairs: list[tuple[str, Iterable[str]]] = [
        ('Seeds', [', '.join(str(seed) for seed in row.seeds)]),
        ('Student', [row.student]),
        ('Teachers', [', '.join(row.teachers)]),
        ('Trained on', [row.train_set]),
        ('Tested on', [row.test_set]),
        ('Domain', [row.domain]),
        ('Input', [f'{row.input_size[0]}×{row.input_size[1]}' if row.input_size else '']),
        ('Device', [row.device]),
        ('Measured', row.times),
        ('Source', [row.source]),
        *[(label, [text]) for label, text in other_metrics(row, columns)],
        ('Notes', row.notes),
        ('Code version', row.code_versions),
        ('Config', [f'`{config}`' for config in row.configs]),
        ('Command', [f'`{command}`' for command in commands_of(row)]),  # last: a row of several runs may have many commands
    ]
    items = [(label, '<br>'.join(_inline(text) for text in texts if text)) for label, texts in pairs]
    shown = ''.join(f'<dt>{_inline(label)}</dt><dd>{text}</dd>' for label, text in items if text)
    return f'<b>{escape(row.method)}, {escape(row.backbone)}</b><dl>{shown}</dl>'


def commands_of(row: Row) -> list[str]:
    """The row's commands; those that differ only in the seed are merged, with N for the seed."""
    shared: dict[str, list[str]] = {}
    for command in row.commands:
        shared.setdefault(re.sub(r'(--seed[ =]|/seed)\d+', r'\1N', command), []).append(command)
    return [general if len(commands) > 1 else commands[0] for general, commands in shared.items()]


# Plots


@dataclass(frozen=True)
class _Axis:
    """One axis of a plot: its label, a row's value and half of that value's interval, both None if unknown."""

    label: str
    value: Callable[[Row], float | None]
    half_width: Callable[[Row], float | None] = lambda row: None


def _figure(rows: Sequence[Row], ids: Sequence[str], columns: Sequence[Column], known: Backbones) -> Iterator[str]:
    """One plot for each pair of a cost and an accuracy, the first one visible. Empty without two rows of known cost."""
    kept = [(row, name) for row, name in zip(rows, ids, strict=True) if row.comparable]
    costs = [axis for axis in _costs() if sum(axis.value(row) is not None for row, _ in kept) > 1]
    gains = [axis for axis in _gains(columns) if sum(axis.value(row) is not None for row, _ in kept) > 1]
    if not costs or not gains:
        return
    selects = _select('Accuracy', gains, 'y') + _select('Cost', costs, 'x')
    opening = f'<figure><figcaption><b>Accuracy against cost</b>{selects}</figcaption><div class="plots">'
    for i, cost in enumerate(costs):
        for j, gain in enumerate(gains):
            points = []
            for row, name in kept:
                x, y = cost.value(row), gain.value(row)
                if x is not None and y is not None and x > 0:
                    single = row.role == 'single_task'
                    points.append(Point(x, y, gain.half_width(row), row.method, known.key(row.backbone), name, single))
            if points:
                hidden = '' if i == j == 0 else ' hidden'
                yield opening + scatter(points, known.colours, cost.label, gain.label, f'data-x="{i}" data-y="{j}"{hidden}')
                opening = ''
    if opening:
        return
    used = {known.key(row.backbone) for row, _ in kept if any(cost.value(row) is not None for cost in costs)}
    legend = ''.join(
        f'<li class="c{known.colours[key]}"><span class="dot"></span><span>{escape(name)}</span></li>'
        for key, name in known.names.items()
        if key in used
    )
    legend += ('<li class="key">Ring: single-task networks. Bar: 95 % confidence interval. '
               'Points of one cost stand side by side.</li>')
    yield f'</div><ul class="legend">{legend}</ul></figure>'


def _select(label: str, axes: Sequence[_Axis], which: str) -> str:
    options = ''.join(f'<option value="{index}">{escape(axis.label)}</option>' for index, axis in enumerate(axes))
    return f'<label>{label} <select data-axis="{which}">{options}</select></label>'


def _costs() -> list[_Axis]:
    return [
        _Axis('MACs (G)', lambda row: None if row.macs is None else row.macs / 1e9),
        _Axis('Parameters (M)', lambda row: None if row.params is None else row.params / 1e6),
        _Axis('Images per second', lambda row: row.images_per_second),
    ]


def _gains(columns: Sequence[Column]) -> list[_Axis]:
    """Delta_mt first, then each shown metric."""

    def metric(column: Column) -> _Axis:
        key = column.key
        return _Axis(f'{column.task} {metric_label(column)}',
                     lambda row: _finite(row.metrics[key].mean) if key in row.metrics else None,
                     lambda row: row.metrics[key].half_width)

    delta = _Axis('Δ_mt (%) ↑', lambda row: _finite(row.delta.mean) if row.delta else None,
                  lambda row: row.delta.half_width if row.delta else None)
    return [delta, *(metric(column) for column in columns if column.shown)]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
