"""Mapping from the classes of a data set to those of a task."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtkd.structures import IGNORE, TargetKind


class ClassTable:
    """Translates class ids of a data set into class ids of a task.

    Args:
        rule: dictionary or list: data set's class -> task's class, None for a class without a label.
        own: number of classes of the data set; None: unknown, then given by the rule's largest key.
        wanted: number of classes of the task; None: unknown.
        where: name of this map in messages.

    Attributes:
        classes: number of classes of the data set.

    Raises:
        ValueError: the rule omits a class, or has a class that the data set or the task does not have.
    """

    def __init__(self, rule: Mapping[Any, Any] | Sequence[Any], own: int | None, wanted: int | None, where: str) -> None:
        if isinstance(rule, str) or not isinstance(rule, Mapping | Sequence) or not rule:
            raise ValueError(f'{where} is {rule!r}: give a dictionary or a list, data set\'s class -> task\'s class.')
        pairs = dict(rule) if isinstance(rule, Mapping) else dict(enumerate(rule))
        for key, value in pairs.items():
            if not _is_class(key) or not (value is None or _is_class(value)):
                raise ValueError(f'{where} sends {key!r} to {value!r}: classes are whole numbers from 0, None is no label.')
        self.classes = max(pairs) + 1 if own is None else own
        if self.classes > IGNORE + 1 and own is None:
            raise ValueError(f'{where} names class {max(pairs)}: a map holds classes up to {IGNORE - 1}.')
        absent = [number for number in range(self.classes) if number not in pairs]
        beyond = [number for number in pairs if number >= self.classes]
        if absent or beyond:
            verb = 'says nothing of' if absent else 'names'
            raise ValueError(f'{where} {verb} class {(absent or beyond)[0]}; the data set has classes 0 to '
                             f'{self.classes - 1}: name each of them, None for one without a label.')
        high = [value for value in pairs.values() if value is not None and wanted is not None and value >= wanted]
        if high:
            raise ValueError(f'{where} leads to class {high[0]}, the task has {wanted} classes (0 to {(wanted or 0) - 1}).')
        self._table: np.ndarray = np.array([-1 if pairs[n] is None else pairs[n] for n in range(self.classes)], np.int64)

    def translate(self, label: Any, kind: TargetKind) -> Any:
        """A label in its kind's NumPy form: (H, W) uint8 ids, or an int that becomes None if there is no label."""
        if kind.spatial:
            table: np.ndarray = np.full(IGNORE + 1, IGNORE, np.uint8)
            count = min(self.classes, IGNORE)
            table[:count] = np.where(self._table[:count] < 0, IGNORE, self._table[:count])
            return table[label]
        translated = int(self._table[int(label)]) if int(label) >= 0 else -1
        return translated if translated >= 0 else None

    def translate_all(self, labels: np.ndarray) -> np.ndarray:
        """(N,) int64 image-level labels, -1 for missing ones."""
        return np.where(labels >= 0, self._table[np.maximum(labels, 0)], -1)


def _is_class(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 0)
