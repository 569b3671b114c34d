"""The leaderboard as one self-contained web page: sortable, filterable tables, plots, details on hover; no fetching."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Sequence
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


def page(boards: Sequence[SuiteBoard], title: str, note: str) -> str:
    """The whole page.

    Args:
        boards: one a suite.
        title: the page's heading.
        note: protocol text for the top: blank lines part paragraphs, lines that begin with '- ' are a list, `backticks`
            mark code and two asterisks bold.
    """
    names = _backbones(boards)
    sections = [_suite(board, f's{index}', names, len(boards) > 1) for index, board in enumerate(boards)]
    ordered = sorted(names.items(), key=lambda item: item[1])
    options = ''.join(f'<option value="{escape(key)}">{escape(name)}</option>' for key, name in ordered)
    links = ''.join(f'<a href="#s{index}">{escape(board.title)}</a>' for index, board in enumerate(boards))
    return f'''<!doctype html>
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
{''.join(sections)}</main>
<footer>Made by <code>tools/leaderboard.py</code> from <code>results.json</code> files.
Hover over, tap or focus a row or a point for its command, seeds and code version.</footer>
<div id="tip" class="tip" role="tooltip" hidden></div>
<script>
{(_ASSETS / 'page.js').read_text(encoding='utf-8')}</script>
</body>
</html>
'''


def results_digest(boards: Sequence[SuiteBoard]) -> str:
    """One hash of the results behind all boards."""
    return hashlib.sha256('\n'.join(board.digest for board in boards).encode()).hexdigest()


def stamp(boards: Sequence[SuiteBoard]) -> str:
    """The digest of the results of a page, for `--check`."""
    return f'results sha256: {results_digest(boards)}'


def _key(backbone: str) -> str:
    """One key for 'Swin-T', 'swin_t' and 'SwinT'."""
    return re.sub('[^a-z0-9?]', '', backbone.lower())


def _backbones(boards: Sequence[SuiteBoard]) -> dict[str, str]:
    """Key -> name; papers' spelling wins over ours."""
    rows = [row for board in boards for row in [*board.reported, *board.measured]]
    names: dict[str, str] = {}
    for row in rows:
        names.setdefault(_key(row.backbone), row.backbone)
    return names


def _colour(backbone: str, names: dict[str, str]) -> int:
    return list(names).index(_key(backbone)) % _COLOURS


def _prose(text: str) -> str:
    """Paragraphs, indented code, lists (items may go on over several lines), emphasis and code spans of a note."""
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
    marked = re.sub('`([^`]+)`', r'<code>\1</code>', escape(text))
    marked = re.sub(r'\*\*(.+?)\*\*', r'<strong>\1</strong>', marked)
    marked = re.sub(r'(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])', r'<em>\1</em>', marked)
    return marked.replace('Δ_mt', 'Δ<sub>mt</sub>')


# One suite


def _suite(board: SuiteBoard, anchor: str, names: dict[str, str], heading: bool) -> str:
    head = f'<h2>{escape(board.title)}</h2>' if heading else ''
    blocks = [_block(board, block, f'{anchor}{block[0]}', names) for block in BLOCKS]
    blocks.insert(1, ''.join(_comparison(comparison) for comparison in board.comparisons))
    return f'<section id="{anchor}">{head}{"".join(blocks)}</section>\n'


def _block(board: SuiteBoard, block: str, prefix: str, names: dict[str, str]) -> str:
    laid = table(board, block)
    if not laid.rows:
        return ''
    ids = [f'{prefix}{index}' for index in range(len(laid.rows))]
    plot = _figure(laid.rows, ids, board.columns, names)
    footnotes = ''.join(f'<li>{_inline(note)}</li>' for note in laid.notes)
    general = [INTERVAL, *delta_note(board)] if block == 'measured' else list(board.notes)
    general.append(_MARKED.format('' if block == 'measured' else ' in its table'))
    source = f'<small>{escape(board.paper)}</small>' if block == 'reported' else ''
    badge = f'{len(laid.rows)} rows' if len(laid.rows) > 1 else '1 row'
    return (
        f'<div class="{block}"><h3><span class="badge">{badge}</span>{HEADINGS[block]}{source}</h3>\n'
        f'{_table(laid, ids, board.columns, names)}'
        f'{plot}<ol class="notes">{footnotes}</ol>'
        f'{"".join(f"<p class=notes>{_inline(text)}</p>" for text in general)}</div>\n'
    )


def _comparison(comparison: Comparison) -> str:
    """One pair of rows as a table that does not sort, with what its seeds can show."""
    heads, rows = comparison_table(comparison)
    top = ''.join(f'<th scope="col"{" class=num" if head.numeric else ""}>{escape(head.text)}</th>' for head in heads)
    lines = []
    for first, *others in rows:
        rest = ''.join(f'<td class="{_classes(head, cell)}">{_text(head, cell)}</td>'
                       for head, cell in zip(heads[1:], others, strict=True))
        lines.append(f'<tr><th scope="row">{_inline(first.text)}</th>{rest}</tr>\n')
    names = (f'data-first="{escape(comparison.first)}" data-second="{escape(comparison.second)}" '
             f'data-backbone="{_key(comparison.backbone)}"')
    return (
        f'<div class="compared" {names}>'
        f'<h3><span class="badge">{COMPARED}</span>{escape(comparison_title(comparison))}</h3>\n'
        f'<div class="scroll"><table class="plain"><thead><tr>{top}</tr></thead>\n<tbody>\n{"".join(lines)}</tbody></table>'
        f'</div><p class=notes>{escape(caveat(comparison))}</p></div>\n'
    )


def _table(laid: Table, ids: Sequence[str], columns: Sequence[Column], names: dict[str, str]) -> str:
    heads = ''.join(_head(head) for head in laid.heads)
    lines = []
    for row, cells, marks, name in zip(laid.rows, laid.cells, laid.marks, ids, strict=True):
        more = f'<div class="more" hidden>{_details(row, columns)}</div>'
        notes = ''.join(f'<sup>{mark}</sup>' for mark in marks)
        first = f'<th scope="row" data-sort="{escape(cells[0].text)}">{escape(cells[0].text)}{notes}{more}</th>'
        rest = ''.join(_cell(head, cell, row, names) for head, cell in zip(laid.heads[1:], cells[1:], strict=True))
        single = ' class="single"' if row.role == 'single_task' else ''
        data = f'data-method="{escape(row.method)}" data-backbone="{_key(row.backbone)}"'
        lines.append(f'<tr id="{name}" tabindex="0" {data}{single}>{first}{rest}</tr>\n')
    body = ''.join(lines)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n'


def _head(head: Head) -> str:
    """A heading that sorts: first click best first."""
    first = 'descending' if head.numeric and '↓' not in head.label else 'ascending'
    label = f'{_inline(head.over)}<span>{escape(head.label)}</span>' if head.over else escape(head.label)
    numeric = ' class="num"' if head.numeric else ''
    return f'<th scope="col" data-first="{first}"{numeric}><button type="button">{label}</button></th>'


def _cell(head: Head, cell: Cell, row: Row, names: dict[str, str]) -> str:
    sort = '' if cell.sort is None else escape(str(cell.sort))
    text = _text(head, cell)
    if head.label == 'Backbone':
        name = escape(names[_key(row.backbone)])
        text = f'<span class="dot c{_colour(row.backbone, names)}"></span>{name}'
    return f'<td class="{_classes(head, cell)}" data-sort="{sort}">{text}</td>'


def _classes(head: Head, cell: Cell) -> str:
    return ' '.join(name for name, on in (('num', head.numeric), ('best', cell.best)) if on)


def _text(head: Head, cell: Cell) -> str:
    """A cell's text with a true minus sign, its interval set back."""
    text = escape(cell.text.replace('-', '\N{MINUS SIGN}') if head.numeric else cell.text)
    return re.sub(r' (± [\d.]+)', r' <i>\1</i>', text)


def _details(row: Row, columns: Sequence[Column]) -> str:
    """The details shown on hover."""
    pairs: list[tuple[str, Iterable[str]]] = [
        ('Seeds', [', '.join(str(seed) for seed in row.seeds)]),
        ('Code version', row.code_versions),
        ('Command', [f'`{command}`' for command in commands_of(row)]),
        ('Config', [f'`{config}`' for config in row.configs]),
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
    ]
    items = [(label, '<br>'.join(_inline(text) for text in texts if text)) for label, texts in pairs]
    shown = ''.join(f'<dt>{_inline(label)}</dt><dd>{text}</dd>' for label, text in items if text)
    return f'<b>{escape(row.method)}, {escape(row.backbone)}</b><dl>{shown}</dl>'


def commands_of(row: Row) -> list[str]:
    """The row's commands; those that differ in the seed alone as one, with N for the seed."""
    shared: dict[str, list[str]] = {}
    for command in row.commands:
        shared.setdefault(re.sub(r'(--seed[ =]|/seed)\d+', r'\1N', command), []).append(command)
    return [general if len(commands) > 1 else commands[0] for general, commands in shared.items()]


# Plots


Axis = tuple[str, Callable[[Row], float | None]]


def _figure(rows: Sequence[Row], ids: Sequence[str], columns: Sequence[Column], names: dict[str, str]) -> str:
    """One plot for each pair of a cost and an accuracy, the first one shown. Empty without two rows of known cost."""
    kept = [(row, name) for row, name in zip(rows, ids, strict=True) if row.comparable]
    costs = [axis for axis in _costs() if sum(axis[1](row) is not None for row, _ in kept) > 1]
    gains = [axis for axis in _gains(columns) if sum(axis[1](row) is not None for row, _ in kept) > 1]
    plots, colours = [], {key: index % _COLOURS for index, key in enumerate(names)}
    for i, (x_label, x_of) in enumerate(costs):
        for j, (y_label, y_of) in enumerate(gains):
            points = []
            for row, name in kept:
                x, y = x_of(row), y_of(row)
                if x is not None and y is not None and x > 0:
                    width = _half_width(row, y_label, columns)
                    single = row.role == 'single_task'
                    points.append(Point(x, y, width, row.method, _key(row.backbone), name, single))
            if points:
                hidden = '' if i == j == 0 else ' hidden'
                plots.append(scatter(points, colours, x_label, y_label, f'data-x="{i}" data-y="{j}"{hidden}'))
    if not plots:
        return ''
    used = {_key(row.backbone) for row, _ in kept if any(axis[1](row) is not None for axis in costs)}
    legend = ''.join(
        f'<li class="c{colours[key]}"><span class="dot"></span><span>{escape(name)}</span></li>'
        for key, name in names.items()
        if key in used
    )
    legend += ('<li class="key">Ring: single-task networks. Bar: 95 % confidence interval. '
               'Points of one cost stand side by side.</li>')
    selects = _select('Accuracy', gains, 'y') + _select('Cost', costs, 'x')
    return (
        f'<figure><figcaption><b>Accuracy against cost</b>{selects}</figcaption>'
        f'<div class="plots">{"".join(plots)}</div><ul class="legend">{legend}</ul></figure>'
    )


def _select(label: str, axes: Sequence[Axis], axis: str) -> str:
    options = ''.join(f'<option value="{index}">{escape(name)}</option>' for index, (name, _) in enumerate(axes))
    return f'<label>{label} <select data-axis="{axis}">{options}</select></label>'


def _costs() -> list[Axis]:
    return [
        ('MACs (G)', lambda row: None if row.macs is None else row.macs / 1e9),
        ('Parameters (M)', lambda row: None if row.params is None else row.params / 1e6),
        ('Images per second', lambda row: row.images_per_second),
    ]


def _gains(columns: Sequence[Column]) -> list[Axis]:
    """Delta_mt first, then each shown metric."""

    def metric(column: Column) -> Callable[[Row], float | None]:
        return lambda row: _finite(row.metrics[column.key].mean) if column.key in row.metrics else None

    axes: list[Axis] = [('Δ_mt (%) ↑', lambda row: _finite(row.delta.mean) if row.delta else None)]
    return axes + [(f'{c.task} {metric_label(c)}', metric(c)) for c in columns if c.shown]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _half_width(row: Row, y_label: str, columns: Sequence[Column]) -> float | None:
    if y_label.startswith('Δ_mt'):
        return row.delta.half_width if row.delta else None
    column = next(c for c in columns if y_label == f'{c.task} {metric_label(c)}')
    return row.metrics[column.key].half_width
