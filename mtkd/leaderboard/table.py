"""One block of a leaderboard as heads and cells, with digits, units, arrows and footnotes, for all page formats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mtkd.leaderboard.board import Column, Comparison, Estimate, Key, PairedTest, Row, SuiteBoard

_DIGITS = {'%': 2, 'deg': 2, 'm': 4, '': 4}
BLOCKS = ('measured', 'reported')
INTERVAL = (
    "Mean ± half of the 95 % confidence interval (Student's t) over n runs; no interval for n = 1. "
    'Δ_mt: mean signed gain over the single-task networks of the same backbone, tasks weighing the same.'
)


@dataclass(frozen=True)
class Head:
    """A column's heading: `over` the task, `label` the metric with unit and arrow; `numeric` ones are right-aligned."""

    label: str
    over: str = ''
    numeric: bool = True

    @property
    def text(self) -> str:
        return f'{self.over} {self.label}'.strip()


@dataclass(frozen=True)
class Cell:
    """A cell's text, its sort key (None: unknown, always last) and whether it is the best of its backbone."""

    text: str
    sort: float | str | None
    best: bool = False


@dataclass
class Table:
    """One block: `notes[i]` is footnote i + 1; `marks` gives the footnote numbers of each row."""

    heads: list[Head]
    rows: list[Row]
    cells: list[list[Cell]]
    marks: list[list[int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def table(board: SuiteBoard, block: str) -> Table:
    """Lays out the 'measured' or the 'reported' block of a board; empty columns are left out."""
    rows = board.measured if block == 'measured' else board.reported
    columns = [column for column in board.columns if column.shown]
    makers = [*_what(rows, block), *[_metric(column) for column in columns], *_deltas(block), *_cost(rows)]
    laid = [(head, [make(row) for row in rows]) for head, make in makers]
    kept = [(head, cells) for head, cells in laid if head.label == 'Method' or any(cell.text for cell in cells)]
    numbers: dict[str, int] = {}
    for row in rows:
        for note in row.notes:
            numbers.setdefault(note, len(numbers) + 1)
    return Table(
        heads=[head for head, _ in kept],
        rows=list(rows),
        cells=[[cells[i] for _, cells in kept] for i in range(len(rows))],
        marks=[sorted({numbers[note] for note in row.notes}) for row in rows],
        notes=list(numbers),
    )


def delta_note(board: SuiteBoard) -> list[str]:
    """A note on the metrics of Delta_mt, if these are not all metrics shown."""
    if all(column.in_delta for column in board.columns if column.shown):
        return []
    names = ', '.join(f'{column.task} {column.name}' for column in board.columns if column.in_delta)
    return [f'Δ_mt is formed over {names}.']


def format_estimate(estimate: Estimate, unit: str, signed: bool = False) -> str:
    """'36.35 ± 0.21', without the interval if there is none; a reported number keeps its printed digits."""
    if estimate.text:
        return estimate.text
    if not math.isfinite(estimate.mean):
        return 'undefined'
    digits = _DIGITS.get(unit, 3)
    sign = '+' if signed and round(estimate.mean, digits) > 0 else ''
    mean = f'{sign}{round(estimate.mean, digits) + 0.0:.{digits}f}'
    return mean if estimate.half_width is None else f'{mean} ± {estimate.half_width:.{digits}f}'


def metric_label(column: Column) -> str:
    """'mIoU (%) ↑'."""
    unit = f' ({column.unit})' if column.unit else ''
    return f'{column.name}{unit} {"↑" if column.higher_is_better else "↓"}'


Maker = tuple[Head, Callable[[Row], Cell]]


def _what(rows: Sequence[Row], block: str) -> list[Maker]:
    """The descriptive columns; training and test set only if they differ between multi-task rows."""
    makers = [_text('Method', lambda row: row.method), _text('Backbone', lambda row: row.backbone)]
    makers.append(_text('Teachers', lambda row: ', '.join(row.teachers)))
    multi = [row for row in rows if row.role == 'multi_task']
    if len({row.train_set for row in multi}) > 1:
        makers.append(_text('Trained on', lambda row: row.train_set))
    if len({row.test_set for row in multi}) > 1:
        makers.append(_text('Tested on', lambda row: row.test_set))
    makers += [_text('Domain', lambda row: row.domain), _text('Table', lambda row: row.table.removeprefix('Table '))]
    if block == 'measured':
        makers.append((Head('n'), lambda row: Cell(str(row.n), row.n)))
    return makers


def _text(label: str, get: Callable[[Row], str]) -> Maker:
    return Head(label, numeric=False), lambda row: Cell(get(row), get(row) or None)


def _metric(column: Column) -> Maker:
    def cell(row: Row) -> Cell:
        estimate = row.metrics.get(column.key)
        if estimate is None:
            return Cell('', None)
        return _cell(estimate, column.unit, column.key in row.best)

    return Head(metric_label(column), column.task), cell


def _cell(estimate: Estimate, unit: str, best: bool, signed: bool = False) -> Cell:
    known = estimate.mean if math.isfinite(estimate.mean) else None
    return Cell(format_estimate(estimate, unit, signed), known, best)


def _deltas(block: str) -> list[Maker]:
    def formed(row: Row) -> Cell:
        return Cell('', None) if row.delta is None else _cell(row.delta, '%', 'delta' in row.best, signed=True)

    def printed(row: Row) -> Cell:
        return Cell(row.printed_delta, float(row.printed_delta) if row.printed_delta else None)

    if block == 'measured':
        return [(Head('(%) ↑', 'Δ_mt'), formed)]
    return [(Head('printed (%) ↑', 'Δ_mt'), printed), (Head('recomputed (%) ↑', 'Δ_mt'), formed)]


def _cost(rows: Sequence[Row]) -> list[Maker]:
    sizes = {row.input_size for row in rows if row.macs is not None}
    size = next(iter(sizes)) if len(sizes) == 1 else None
    at = f', {size[0]}×{size[1]}' if size else ''
    return [
        _number(Head('(M) ↓', 'Params'), lambda row: row.params, 1e6, 2),
        _number(Head(f'(G{at}) ↓', 'MACs'), lambda row: row.macs, 1e9, 2),
        _number(Head('per s ↑', 'Images'), lambda row: row.images_per_second, 1, 1),
        _number(Head('(GB) ↓', 'Memory'), lambda row: row.peak_memory_bytes, 1e9, 2),
    ]


def _number(head: Head, get: Callable[[Row], float | None], scale: float, digits: int) -> Maker:
    def cell(row: Row) -> Cell:
        value = get(row)
        if value is None:
            return Cell('', None)
        scaled = value / scale  # networks for small images would be 0.00 of a unit
        return Cell(f'{scaled:.{digits}f}' if scaled == 0 or scaled >= 10 ** -digits * 5 else f'{scaled:.2g}', scaled)

    return head, cell


def other_metrics(row: Row, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """The metrics omitted from compact tables, as label and text."""
    extra: list[tuple[Key, Column]] = [(c.key, c) for c in columns if not c.shown and c.key in row.metrics]
    return [(f'{c.task} {metric_label(c)}', format_estimate(row.metrics[key], c.unit)) for key, c in extra]


# Comparisons


def comparison_title(comparison: Comparison) -> str:
    """'MT+KDAM against MT (HRNet18; seeds 0, 1, 2)'."""
    seeds = ', '.join(str(seed) for seed in comparison.seeds) or 'none in common'
    alone = f', without {", ".join(str(seed) for seed in comparison.left_out)}' if comparison.left_out else ''
    where = ', '.join(part for part in (comparison.backbone, comparison.setting) if part)
    return f'{comparison.second} against {comparison.first} ({where}; seeds {seeds}{alone})'


def comparison_table(comparison: Comparison) -> tuple[list[Head], list[list[Cell]]]:
    """Heads and cells, one line per metric; nothing is marked, since a mean alone is not evidence."""
    heads = [Head('Metric', numeric=False), Head('n'), Head('Mean difference'), Head('On average', numeric=False),
             Head('p, t-test'), Head('p, sign flips')]
    return heads, [_test_cells(test) for test in comparison.tests]


def _test_cells(test: PairedTest) -> list[Cell]:
    arrow = '↑' if test.higher_is_better else '↓'
    label = f'{test.task} {test.name}{f" ({test.unit})" if test.unit else ""} {arrow}'.replace('  ', ' ')
    known = test.mean if math.isfinite(test.mean) else None
    difference = format_estimate(Estimate(test.mean, test.half_width, test.n), test.unit, signed=True)
    verdict = {True: 'better', False: 'worse', None: 'equal' if test.n else ''}[test.better]
    return [Cell(label, label), Cell(str(test.n), test.n), Cell(difference if test.n else '', known),
            Cell(verdict, verdict), _p_cell(test.p_t), _p_cell(test.p_flip)]


def _p_cell(p: float | None) -> Cell:
    if p is None:
        return Cell('', None)
    return Cell('< 0.001' if p < 0.001 else f'{p:.3f}', p)
