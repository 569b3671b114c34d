"""Paired significance tests of two methods over their common seeds.

Two runs with the same seed see the same batches in the same order, so their difference has less noise than either value.
Two tests are reported for each metric, both two-sided and without correction for multiple tests: the paired t-test, which
assumes normal differences, and the sign-flip permutation test, which only assumes that they are symmetric about 0, but whose
p is at least 2 / 2^n.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean

from mtkd.leaderboard.board import Column, Comparison, PairedTest, Row, RunValues, SuiteBoard, deviation
from mtkd.leaderboard.student_t import t_quantile, two_sided_p

DELTA = 'Δ_mt'
MOST_EXACT = 16  # pairs: 65,536 flips; for more pairs, the same number of random flips
LEVEL = 0.05


def compare(board: SuiteBoard, pairs: Sequence[tuple[str, str]] = (), baseline: str | None = None) -> list[Comparison]:
    """Compares measured rows of the same backbone, training set, test set and domain.

    Args:
        board: the board of the rows.
        pairs: pairs of methods, the second compared with the first.
        baseline: a method with which every other method in its setting is compared, except undistilled single-task
            networks.

    Raises:
        ValueError: a method has no measured row, two rows of one setting share its name, or no setting has both.
    """
    if baseline is not None:
        _of_name(board, baseline)
        others = dict.fromkeys(row.method for row in board.measured
                               if row.method != baseline and (row.role == 'multi_task' or row.teachers))
        pairs = [*pairs, *((baseline, other) for other in others if _settings(board, baseline, other))]
    return [comparison for first, second in pairs for comparison in _compare(board, first, second)]


def _compare(board: SuiteBoard, first: str, second: str) -> list[Comparison]:
    for name in (first, second):
        _of_name(board, name)
    settings = _settings(board, first, second)
    if first == second or not settings:
        raise ValueError(f'{first!r} and {second!r} cannot be compared in suite {board.suite}: they have no measured rows '
                         f'of the same backbone, training set, test set and domain')
    told = len({_setting(row)[1:] for row in board.measured if row.role == 'multi_task'}) > 1
    return [comparison_of(one, other, board.columns, ', '.join(part for part in key[1:] if part) if told else '')
            for key, (one, other) in settings.items()]


def _of_name(board: SuiteBoard, name: str) -> list[Row]:
    rows = [row for row in board.measured if row.method == name]
    if not rows:
        reported = any(row.method == name for row in board.reported)
        why = 'is only reported by the paper, one number without seeds' if reported else 'has no measured row'
        known = ', '.join(dict.fromkeys(row.method for row in board.measured)) or 'none'
        raise ValueError(f'{name!r} {why} in suite {board.suite}; measured methods: {known}')
    settings = [_setting(row) for row in rows]
    for row in rows:
        if settings.count(_setting(row)) > 1:
            raise ValueError(f'suite {board.suite} has two rows called {name!r} with backbone {row.backbone} '
                             f'({", ".join(row.configs)}, ...); give them different methods to compare them')
    return rows


def _setting(row: Row) -> tuple[str, str, str, str]:
    return (row.backbone, row.train_set, row.test_set, row.domain)


def _settings(board: SuiteBoard, first: str, second: str) -> dict[tuple[str, str, str, str], tuple[Row, Row]]:
    """The settings in which both methods have a row. For merged single-task rows, only the backbone counts."""
    found = {}
    others = [row for row in board.measured if row.method == second]
    for one in (row for row in board.measured if row.method == first):
        for other in others:
            if _setting(one) == _setting(other) or (one.role != other.role and one.backbone == other.backbone):
                found[_setting(other)] = (one, other)
    return found


def comparison_of(first: Row, second: Row, columns: Iterable[Column], setting: str = '') -> Comparison:
    """Compare two rows over their common seeds and folds: the shown metrics, then Delta_mt."""
    ours = {run.number: run for run in first.runs}
    theirs = {run.number: run for run in second.runs}
    common = [(ours[number], theirs[number]) for number in sorted(set(ours) & set(theirs))]
    tests = [paired_test([run.metrics.get(c.key) for run, _ in common], [run.metrics.get(c.key) for _, run in common],
                     c.task, c.name, c.unit, c.higher_is_better)
             for c in columns if c.shown and c.key in first.metrics and c.key in second.metrics]
    if first.delta is not None and second.delta is not None and first.role == second.role == 'multi_task':
        tests.append(paired_test([run.delta for run, _ in common], [run.delta for _, run in common], DELTA, '', '%', True))
    return Comparison(first.method, second.method, second.backbone, setting, seeds=_seeds(run for run, _ in common),
                      left_out=_seeds(run for number, run in {**ours, **theirs}.items()
                                      if number not in ours or number not in theirs), tests=tests)


def _seeds(runs: Iterable[RunValues]) -> list[int]:
    return sorted({run.seed for run in runs})


def paired_test(first: Sequence[float | None], second: Sequence[float | None], task: str, name: str, unit: str,
            higher_is_better: bool) -> PairedTest:
    """The paired tests of one metric; pairs with an undefined value are left out."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True)
             if a is not None and b is not None and math.isfinite(a) and math.isfinite(b)]
    differences = tuple(b - a for a, b in pairs)
    n = len(differences)
    if n < 2:
        return PairedTest(task, name, unit, higher_is_better, differences, fmean(differences) if n else math.nan)
    mean = fmean(differences)
    spread = deviation(differences, mean)
    p_t = two_sided_p(mean / (spread / math.sqrt(n)), n - 1) if spread > 0 else None
    return PairedTest(task, name, unit, higher_is_better, differences, mean,
                      t_quantile(n - 1) * spread / math.sqrt(n), p_t, sign_flip(differences))


def sign_flip(differences: Sequence[float], seed: int = 0) -> float:
    """Two-sided p of the sign-flip permutation test: how often flipping signs gives a mean as far from 0.

    All 2^n flips up to n = 16, else 65,536 random ones and the observed one.

    Args:
        differences: one per pair.
        seed: seed of the random flips.
    """
    import numpy as np  # slow to import, and only needed for comparisons

    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    if n <= MOST_EXACT:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        random = np.random.default_rng(seed).integers(0, 2, (2**MOST_EXACT, n))
        signs = np.concatenate([np.ones((1, n), dtype=np.int64), 1 - 2 * random])
    sums = np.abs(signs @ values)
    return float(np.mean(sums >= abs(values.sum()) - 1e-12 * np.abs(values).sum()))


def caveat(comparison: Comparison) -> str:
    """The limits of a test with this number of seeds, in one or two sentences."""
    n = max((test.n for test in comparison.tests), default=0)
    if n < 2:
        return f'{n} pair{"s" if n != 1 else ""} of runs: no test is possible; the difference may be all noise.'
    least = 2 / 2**n
    said = f'{n} pairs of runs: the sign-flip test cannot give p below {least:.2g}'
    if least > LEVEL:
        need = math.ceil(1 - math.log2(LEVEL))
        said += f', so nothing here can be significant by it at {LEVEL:g} (that takes {need} seeds)'
    if n < 5:
        said += f'; the t-test rests on {n - 1} degree{"s" if n > 2 else ""} of freedom and on normal differences'
    many = f' {len(comparison.tests)} metrics are tested one by one; p values are not corrected for that.'
    return f'{said}.{many if len(comparison.tests) > 1 else ""}'
