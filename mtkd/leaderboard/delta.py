"""Delta_mt of a leaderboard row: its single-task reference, its interval, or the reason why there is none.

Every function here raises ValueError with a reason without a full stop, for use after 'No Δ_mt:'.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import TypeVar

from mtkd.leaderboard.board import Estimate, Key, Run, deviation
from mtkd.leaderboard.delta_mt import delta_mt, mean_gain, task_gain
from mtkd.leaderboard.results import Result
from mtkd.leaderboard.student_t import t_quantile

Item = TypeVar('Item')
Values = dict[str, dict[str, float]]
Reference = Sequence[Sequence[Run]]  # one list of runs per task


def choose_reference(references: Sequence[Reference], result: Result) -> Reference:
    """Choose the single-task reference of a row.

    Among several sets, it is selected by domain, then by training and test set, then by excluding distilled ones.

    Args:
        references: the single-task sets of the row's suite and backbone.
        result: one of the row's runs; all its tasks must be covered.

    Raises:
        ValueError: none covers the tasks, or the choice is ambiguous.
    """
    tasks = result.tasks
    covering = [reference for reference in references if set(tasks) <= {runs[0].result.tasks[0] for runs in reference}]
    if not covering:
        have = {runs[0].result.tasks[0] for reference in references for runs in reference}
        missing = [task for task in tasks if task not in have]
        if missing:
            raise ValueError(f'no single-task result for {", ".join(missing)} with backbone {result.backbone}')
        raise ValueError(f'the single-task results with backbone {result.backbone} differ in method or setting')
    tests: tuple[Callable[[Result], bool], ...] = (
        lambda r: r.domain == result.domain,
        lambda r: (r.train_set, r.test_set) == (result.train_set, result.test_set),
        lambda r: not r.teachers,
    )
    covering = [[runs for runs in reference if runs[0].result.tasks[0] in tasks] for reference in covering]
    for test in tests:
        covering = [ref for ref in covering if all(test(runs[0].result) for runs in ref)] or covering
    if len(covering) > 1:
        configs = ', '.join(reference[0][0].result.config for reference in covering)
        raise ValueError(f'several single-task rows with backbone {result.backbone} fit ({configs})')
    return covering[0]


def over_tasks(groups: Sequence[Sequence[Run]]) -> list[Run]:
    """Combines single-task runs of several tasks to runs of all tasks, one per seed and fold that every task has.

    Args:
        groups: one list of runs per task.
    """
    numbered = [{(run.result.seed, run.result.fold): run for run in group} for group in groups]
    joined = []
    for number, first in numbered[0].items():
        found = [runs[number].result for runs in numbered if number in runs]
        if len(found) == len(numbered):
            whole = dataclasses.replace(found[0], role='multi_task', tasks=[r.tasks[0] for r in found],
                                        metrics={task: own for r in found for task, own in r.metrics.items()},
                                        primary={task: own for r in found for task, own in r.primary.items()})
            joined.append(Run(first.path, whole, first.line))
    return joined


def delta_estimate(group: Sequence[Run], reference: Reference, higher: Mapping[Key, bool]) -> tuple[Estimate, list[float]]:
    """Delta_mt of runs against single-task runs, percent.

    The mean is that of the runs' Deltas relative to the mean values of the references. With one run per reference, the
    interval is Student's t over the runs. If references have several runs, their variance is added to first order: the
    variance of the Deltas of the mean row relative to each single reference run, with Welch and Satterthwaite's degrees of
    freedom. A row with one run has no interval.

    Args:
        group: the row's runs.
        reference: one list of runs per task.
        higher: the (task, metric) pairs to use, with their directions.

    Returns:
        The estimate, and the Delta of each run.

    Raises:
        ValueError: a reference lacks a metric or is 0, or a value is undefined.
    """
    directions = by_task(higher)
    names: dict[str, list[str]] = {task: list(named) for task, named in directions.items()}
    singles = {runs[0].result.tasks[0]: runs for runs in reference}
    base = {task: _values(runs, task, names[task]) for task, runs in singles.items()}
    deltas = [mean_gain(_gains({task: _values([run], task, names[task]) for task in names}, base, directions))
              for run in group]
    if len(group) == 1:
        return Estimate(deltas[0], None, 1), deltas
    mean = {task: _values(group, task, names[task]) for task in names}
    gains = dict(zip(names, _gains(mean, base, directions), strict=True))
    samples = [deltas]
    for task, runs in singles.items():  # replacing the reference's mean by a single run changes only this task's gain
        each = [_gains({task: mean[task]}, {task: _values([run], task, names[task])}, directions) for run in runs]
        samples.append([mean_gain([*{**gains, task: gain}.values()]) for gain, in each])
    return Estimate(fmean(deltas), _half_width(samples), len(group)), deltas


def _gains(values: Values, reference: Values, higher: Mapping[str, Mapping[str, bool]]) -> list[float]:
    """The gain of each task; an error of `delta_mt` is converted to a reason."""
    try:
        return [task_gain(task, named, reference, higher) for task, named in values.items()]
    except ValueError as error:
        raise ValueError(_reason(error)) from None


def signed_delta(values: Values, reference: Values, higher: Mapping[str, Mapping[str, bool]]) -> float:
    """`delta_mt` with its error converted to a reason."""
    try:
        return delta_mt(values, reference, higher)
    except ValueError as error:
        raise ValueError(_reason(error)) from None


def _reason(error: ValueError) -> str:
    return str(error).removeprefix('Δ_mt: ').rstrip('.')


def by_task(flat: Mapping[Key, Item]) -> dict[str, dict[str, Item]]:
    """(task, name) -> item as task -> name -> item, in the same order."""
    nested: dict[str, dict[str, Item]] = {}
    for (task, name), item in flat.items():
        nested.setdefault(task, {})[name] = item
    return nested


def _values(runs: Sequence[Run], task: str, names: Iterable[str]) -> dict[str, float]:
    """The means over `runs` of a task's named metrics."""
    values = {}
    for name in names:
        numbers = [metric.value for run in runs if (metric := run.result.metrics[task].get(name)) is not None]
        if len(numbers) < len(runs):
            raise ValueError(f'a single-task result for {task} has no {name}')
        values[name] = numbers[0] if len(numbers) == 1 else fmean(numbers)
        if not math.isfinite(values[name]):
            raise ValueError(f'{task} {name} of {runs[0].result.method} is undefined')
    return values


def _half_width(samples: Sequence[Sequence[float]]) -> float:
    """Half of the confidence interval of a sum of independent means, one per sample; single values add nothing."""
    parts = [(deviation(sample, fmean(sample)) ** 2 / len(sample), len(sample) - 1) for sample in samples if len(sample) > 1]
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(variance**2 / df for variance, df in parts)
    return t_quantile(freedom) * math.sqrt(total)
