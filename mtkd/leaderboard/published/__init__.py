"""The rows of the papers, as data: one JSON file per suite, with digits as printed.

A file holds the suite's metrics (their order is the order of the columns; all of them enter Delta_mt), notes on known
misprints, and rows. Printed values are never corrected here; a row's `notes` mention what looks wrong. To add a paper,
add a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class PrintedMetric:
    """Unit and direction of a metric.

    Attributes:
        unit: as printed; empty for a number without one.
        higher_is_better: its direction.
    """

    unit: str
    higher_is_better: bool


@dataclass(frozen=True)
class PublishedRow:
    """One printed row.

    Attributes:
        table: its table, e.g. 'Table 1'.
        method: as printed, or what varies in an ablation.
        backbone: as printed.
        role: 'single_task' or 'multi_task'.
        metrics: task -> metric -> Decimal, which keeps the printed digits (77.20 is not 77.2).
        source: the paper and the table.
        printed_delta: percent; None if the paper prints none.
        printed_average: the plain mean over tasks, if the paper prints one.
        params_m: millions of parameters as printed.
        gflops: cost of one forward pass as printed.
        teachers: empty without distillation, or if the paper does not name them for this row.
        reference_backbone: the backbone of the single-task row used to recompute Delta; by default the row's own.
        comparable: False excludes the row from marks and plots; a note gives the reason.
        notes: known misprints and pitfalls of this row.
    """

    table: str
    method: str
    backbone: str
    role: str
    metrics: dict[str, dict[str, Decimal]]
    source: str
    printed_delta: Decimal | None = None
    printed_average: Decimal | None = None
    params_m: Decimal | None = None
    gflops: Decimal | None = None
    teachers: tuple[str, ...] = ()
    reference_backbone: str = ''
    comparable: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PublishedSuite:
    """One file: a benchmark as its paper reports it.

    Attributes:
        suite: its name in `results.json`.
        title: display name.
        paper: authors, title and year.
        metrics: task -> metric -> unit and direction; the definition of the suite's Delta_mt.
        notes: notes for readers of the whole table.
        rows: in the paper's order.
    """

    suite: str
    title: str
    paper: str
    metrics: dict[str, dict[str, PrintedMetric]]
    notes: tuple[str, ...]
    rows: tuple[PublishedRow, ...]


def suites() -> list[str]:
    """Names of the suites with published rows, sorted."""
    return sorted(path.stem for path in _FOLDER.glob('*.json'))


def load(suite: str) -> PublishedSuite:
    """Reads the published rows of one suite.

    Raises:
        ValueError: there are none of this name, or the data file is invalid.
    """
    path = _FOLDER / f'{suite}.json'
    if suite not in suites():
        raise ValueError(f'no published rows for suite {suite!r}; there are: {", ".join(suites())}')
    try:
        data = json.loads(path.read_text(encoding='utf-8'), parse_float=Decimal, parse_int=Decimal)
        return _suite(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f'{path}: not a usable file of published rows ({type(error).__name__}: {error})') from None


def _suite(data: Mapping[str, Any]) -> PublishedSuite:
    metrics = {
        task: {name: PrintedMetric(info['unit'], info['higher_is_better']) for name, info in named.items()}
        for task, named in data['metrics'].items()
    }
    rows = tuple(_row(row) for row in data['rows'])
    for row in rows:
        for task, named in row.metrics.items():
            unknown = set(named) - set(metrics[task])
            if unknown:
                raise ValueError(f'row {row.method!r} has the undeclared metric {task}/{min(unknown)}')
    return PublishedSuite(data['suite'], data['title'], data['paper'], metrics, tuple(data['notes']), rows)


def _row(data: Mapping[str, Any]) -> PublishedRow:
    values = {**data, 'teachers': tuple(data.get('teachers', ())), 'notes': tuple(data.get('notes', ()))}
    values.setdefault('reference_backbone', data['backbone'])
    return PublishedRow(**values)
