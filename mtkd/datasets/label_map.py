"""Mapping from the values in a data set to classes and numbers; unknown values are treated as missing and counted."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Label = int | float | None  # None: the sample has no such label

NOTHING = ('', 'nan', 'none', 'null', 'na', 'n/a')  # values for missing labels, in any case


class LabelMap:
    """Translates the values of one field for one task.

    Values are compared as text, numbers by value: ``3``, ``'3'``, ``3.0`` and ``' 3.0 '`` are the same. A value is missing
    if it is in :data:`NOTHING` and not in the map, or if the map gives None; any other value that is not in the map is
    unknown: also treated as missing, but counted.

    Args:
        kind: ``'class_label'`` or ``'scalar'``.
        rule: None: the value is the class or the number itself (class -1 is missing). A mapping: value ->
            class or number, None for missing. A sequence of (low, high): a number, or a range written ``(low, high)`` or
            ``low-high``, becomes the index of the group that contains it, both ends included; values outside all groups
            are unknown.
        limits: (low, high) to which numbers are clamped.
        where: name of this map in messages.

    Raises:
        ValueError: the rule has another form, gives an invalid class, or defines groups for a number.
    """

    def __init__(self, kind: str, rule: Mapping[Any, Label] | Sequence[Sequence[float]] | None = None,
                 limits: tuple[float, float] | None = None, where: str = 'the label map') -> None:
        self.kind, self.limits, self.where = kind, limits, where
        self.values: dict[str, Label] | None = None
        self.groups: list[tuple[float, float]] | None = None
        if isinstance(rule, Mapping):
            self.values = {as_key(raw): label for raw, label in rule.items()}
            self._check_values()
        elif isinstance(rule, Sequence) and not isinstance(rule, str):
            self.groups = self._checked_groups(rule)
        elif rule is not None:
            raise ValueError(f'{where} is {rule!r}: give a dictionary of value -> class, or a list of (low, high) groups.')

    def _check_values(self) -> None:
        for raw, label in (self.values or {}).items():
            if label is None:
                continue
            number = isinstance(label, int | float) and math.isfinite(label)
            whole = number and float(label).is_integer() and label >= 0
            if not (whole if self.kind == 'class_label' else number):
                wanted = 'a class is a whole number from 0' if self.kind == 'class_label' else 'the task wants a number'
                raise ValueError(f"{self.where} sends '{raw}' to {label!r}: {wanted}, and None means missing.")

    def _checked_groups(self, rule: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
        if self.kind != 'class_label':
            raise ValueError(f'{self.where} makes groups, which are classes, but the task wants a number.')
        for group in rule:
            if isinstance(group, str) or len(group) != 2 or group[0] > group[1]:
                raise ValueError(f'{self.where} has the group {group!r}: give each as (low, high).')
        return [(float(low), float(high)) for low, high in rule]

    @property
    def num_classes(self) -> int | None:
        """One more than the largest class it can give; None if it names none."""
        if self.kind != 'class_label':
            return None
        if self.groups is not None:
            return len(self.groups)
        known = [int(label) for label in (self.values or {}).values() if label is not None]
        return max(known) + 1 if known else None

    def translate(self, raws: Iterable[Any]) -> tuple[list[Label], Counter[str]]:
        """The labels of ``raws``, and how often each unknown value occurs."""
        known: dict[str, Label] = {}
        unknown: Counter[str] = Counter()
        labels = []
        for raw in raws:
            key = as_key(raw)
            if key not in known:
                try:
                    known[key] = self._label(key)
                except ValueError:
                    unknown[key] = 0
                    known[key] = None
            if key in unknown:
                unknown[key] += 1
            labels.append(known[key])
        return labels, unknown

    def _label(self, key: str) -> Label:
        """The label of one value; ValueError if it is unknown."""
        if self.values is not None and key in self.values:
            label = self.values[key]
            return int(label) if label is not None and self.kind == 'class_label' else label
        if key.lower() in NOTHING:
            return None
        if self.values is not None:
            raise ValueError(key)
        if self.groups is not None:
            return self._group(key)
        number = float(key)
        if not math.isfinite(number) or (self.kind == 'class_label' and not number.is_integer()):
            raise ValueError(key)
        if self.kind == 'class_label':
            return None if number == -1 else int(number)  # a class below -1 is reported by the reader
        return min(max(number, self.limits[0]), self.limits[1]) if self.limits else number

    def _group(self, key: str) -> int:
        low, high = as_range(key)
        for index, group in enumerate(self.groups or []):
            if group[0] <= low and high <= group[1]:
                return index
        raise ValueError(key)


def as_key(raw: Any) -> str:
    """A value as text, without surrounding spaces; a whole number without decimal point."""
    text = '' if raw is None else str(raw).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if math.isfinite(number) and number.is_integer() else str(number)


def as_range(text: str) -> tuple[float, float]:
    """``(25, 32)``, ``25-32`` or ``25`` as (low, high).

    Raises:
        ValueError: it is neither.
    """
    parts = text.strip('()[] ').replace(',', '-').split('-')
    numbers = [float(part) for part in parts]
    if len(numbers) > 2 or not all(map(math.isfinite, numbers)):
        raise ValueError(f'{text!r} is no number and no range')
    return numbers[0], numbers[-1]


def told(unknown: Counter[str], shown: int = 5) -> str:
    """The unknown values with their counts, the most frequent first."""
    texts = [f"'{value}' {times}x" for value, times in unknown.most_common(shown)]
    return ', '.join(texts) + (f' and {len(unknown) - shown} other values' if len(unknown) > shown else '')
