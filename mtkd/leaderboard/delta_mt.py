"""Δ_mt: the relative gain of a multi-task model over single-task models, in percent."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Value = TypeVar('Value')


def delta_mt(values: Mapping[str, Mapping[str, float]], reference: Mapping[str, Mapping[str, float]],
             higher_is_better: Mapping[str, Mapping[str, bool]]) -> float:
    """The mean relative gain over the reference, signed so that positive is better.

    The gains are averaged over the metrics of a task first, then over tasks: a task with many metrics has the same weight as
    one with a single metric. Every task and metric in ``values`` counts; the reference may have more.

    Args:
        values: task -> metric -> the model's value.
        reference: task -> metric -> the single-task model's value, of the same backbone and data protocol.
        higher_is_better: task -> metric -> direction.

    Returns:
        Percent; NaN if one of the values is NaN.

    Raises:
        ValueError: there is nothing to compare, a task or metric has no reference or direction, or a reference is 0.

    Source: fact sheet 3.7. The formula printed in KDAM lacks the sign (-1)^l that its tables were computed with.
    """
    if not values:
        raise ValueError('Δ_mt needs at least one task; none was given.')
    return mean_gain([task_gain(task, metrics, reference, higher_is_better) for task, metrics in values.items()])


def task_gain(task: str, values: Mapping[str, float], reference: Mapping[str, Mapping[str, float]],
              higher_is_better: Mapping[str, Mapping[str, bool]]) -> float:
    """The mean relative gain of one task's metrics, a ratio.

    Raises:
        ValueError: see :func:`delta_mt`.
    """
    if not values:
        raise ValueError(f"Δ_mt: task '{task}' has no metric; name at least one.")
    return sum(_gain(value, _find(reference, task, metric, 'reference'), _find(higher_is_better, task, metric, 'direction'),
                     task, metric) for metric, value in values.items()) / len(values)


def mean_gain(gains: Sequence[float]) -> float:
    """Δ_mt in percent from the gains of the tasks."""
    return 100.0 * sum(gains) / len(gains)


def _gain(value: float, reference: float, higher_is_better: bool, task: str, metric: str) -> float:
    if reference == 0:
        raise ValueError(f'Δ_mt: the reference of {task}/{metric} is 0, so the relative gain is undefined; exclude this '
                         f'metric.')
    return (value - reference) / reference * (1 if higher_is_better else -1)


def _find(table: Mapping[str, Mapping[str, Value]], task: str, metric: str, what: str) -> Value:
    if task not in table:
        raise ValueError(f"Δ_mt: task '{task}' has no {what}; known tasks: {', '.join(table) or 'none'}.")
    if metric not in table[task]:
        raise ValueError(f"Δ_mt: metric '{metric}' of task '{task}' has no {what}; "
                         f"known metrics: {', '.join(table[task]) or 'none'}.")
    return table[task][metric]
