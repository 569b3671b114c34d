"""Data structures of leaderboards: columns, rows, estimates. The two blocks of a board share columns, but no ranking."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from mtkd.leaderboard.results import Result
from mtkd.leaderboard.student_t import t_quantile

CONFIDENCE = 0.95
Key = tuple[str, str]  # (task, metric name)


@dataclass(frozen=True)
class Estimate:
    """A mean over runs.

    Attributes:
        mean: NaN if one of the runs has no value.
        half_width: half of the 95 % confidence interval; None if there is none (one run).
        n: number of runs.
        text: the printed digits of a reported number; empty for a measured one.
    """

    mean: float
    half_width: float | None = None
    n: int = 1
    text: str = ''


@dataclass(frozen=True)
class Column:
    """One metric of one task.

    Attributes:
        task, name, unit, higher_is_better: description of the metric.
        in_delta: whether it enters Delta_mt.
        shown: whether it is shown in compact tables; CSV and JSON contain all columns.
    """

    task: str
    name: str
    unit: str
    higher_is_better: bool
    in_delta: bool = True
    shown: bool = True

    @property
    def key(self) -> Key:
        return (self.task, self.name)


@dataclass
class RunValues:
    """Measurements of one run of a row: its seed and fold (None if there is none), its metrics and its own Delta_mt."""

    seed: int
    fold: int | None
    metrics: dict[Key, float]
    delta: float | None = None

    @property
    def number(self) -> tuple[int, int]:
        """The key by which it is paired with a run of another row."""
        return (self.seed, -1 if self.fold is None else self.fold)


@dataclass
class Row:
    """One line of a leaderboard.

    Attributes:
        method, backbone, student, teachers, role: description of the row.
        metrics: (task, metric) -> Estimate.
        delta: Delta_mt in percent relative to the single-task row of the same suite and backbone; None if there is none.
        printed_delta: the value in the paper; empty for measured rows, or if the paper has none.
        table, source: origin of a reported row; empty for measured rows.
        seeds: seeds of the runs.
        train_set, test_set, domain: the data, if stated.
        params, macs, input_size, images_per_second, peak_memory_bytes, device: the cost, if known.
        configs, commands, code_versions, times, files: how to reproduce it; without duplicates.
        runs: the measured runs, by seed and fold; empty for reported rows.
        comparable: False excludes the row from marks and plots.
        best: the columns (and 'delta') in which the row is the best of its backbone in its block.
        notes: footnotes.
    """

    method: str
    backbone: str
    role: str
    metrics: dict[Key, Estimate]
    student: str = ''
    teachers: list[str] = field(default_factory=list)
    delta: Estimate | None = None
    printed_delta: str = ''
    table: str = ''
    source: str = ''
    seeds: list[int] = field(default_factory=list)
    train_set: str = ''
    test_set: str = ''
    domain: str = ''
    params: float | None = None
    macs: float | None = None
    input_size: tuple[int, int] | None = None
    images_per_second: float | None = None
    peak_memory_bytes: float | None = None
    device: str = ''
    configs: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    code_versions: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    runs: list[RunValues] = field(default_factory=list)
    comparable: bool = True
    best: set[Key | str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Number of runs of the row: the smallest over its metrics."""
        return min((estimate.n for estimate in self.metrics.values()), default=0)


@dataclass(frozen=True)
class PairedTest:
    """One metric (or Delta_mt) of two rows over their common runs.

    Attributes:
        task, name, unit, higher_is_better: the metric; task 'Δ_mt' and an empty name for Delta_mt.
        differences: second row minus first, one per common run.
        mean: mean difference; NaN without a common run.
        half_width: half of its 95 % confidence interval (Student's t); None for fewer than two runs.
        p_t: p of the two-sided paired t-test; None for fewer than two runs, or if all differences are equal.
        p_flip: p of the two-sided sign-flip permutation test, exact; None for fewer than two runs.
    """

    task: str
    name: str
    unit: str
    higher_is_better: bool
    differences: tuple[float, ...]
    mean: float
    half_width: float | None = None
    p_t: float | None = None
    p_flip: float | None = None

    @property
    def n(self) -> int:
        """Number of pairs."""
        return len(self.differences)

    @property
    def better(self) -> bool | None:
        """Whether the second row is better on average; None for a tie."""
        return None if self.mean == 0 or math.isnan(self.mean) else (self.mean > 0) == self.higher_is_better


@dataclass(frozen=True)
class Comparison:
    """Run-by-run comparison of two measured rows: the gain of the second over the first.

    Attributes:
        first, second: the methods.
        backbone: their backbone.
        setting: training and test set or domain, if the board has several; otherwise empty.
        seeds: seeds of both rows.
        left_out: seeds of only one row.
        tests: one per shown metric of both rows, and one for Delta_mt if both have it.
    """

    first: str
    second: str
    backbone: str
    setting: str
    seeds: list[int]
    left_out: list[int]
    tests: list[PairedTest]


@dataclass
class SuiteBoard:
    """The leaderboard of one suite: two blocks over the same columns.

    Attributes:
        suite, title, paper, notes: description, and notes on the published rows.
        columns: the columns of both blocks.
        measured, reported: the two blocks.
        comparisons: requested comparisons of measured rows.
        digest: sha256 of the results of the measured rows; empty without any.
    """

    suite: str
    title: str
    paper: str
    columns: list[Column]
    measured: list[Row]
    reported: list[Row]
    notes: list[str]
    comparisons: list[Comparison] = field(default_factory=list)
    digest: str = ''


@dataclass(frozen=True)
class Run:
    """One result and its location.

    Attributes:
        path: the file.
        result: the result.
        line: its line in a ``.jsonl`` file; None if the file contains only this result.
    """

    path: Path
    result: Result
    line: int | None = None

    @property
    def where(self) -> str:
        """The file and line, for messages."""
        return str(self.path) if self.line is None else f'{self.path}:{self.line}'


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95 % confidence interval (Student's t) over runs; no interval for a single run."""
    n, mean = len(values), fmean(values)
    if n < 2 or not math.isfinite(mean):
        return Estimate(mean, None, n)
    return Estimate(mean, t_quantile(n - 1, CONFIDENCE) * deviation(values, mean) / math.sqrt(n), n)


def deviation(values: Sequence[float], mean: float) -> float:
    """The standard deviation of two or more values around their mean; exactly 0 if all are equal.

    `statistics.stdev` computes with exact fractions, which would take most of the time of a board.
    """
    if min(values) == max(values):
        return 0.0
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
