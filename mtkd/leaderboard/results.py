"""The record of one evaluation: `results.json`.

A record is one run of one method: metrics, data, cost, and how to reproduce it. `tools/test.py` writes it to a separate
file, `mtkd leaderboard --record` as a line of a suite's `.jsonl` file. A record must be complete and of this schema version;
otherwise the error names it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .. import atomic

SCHEMA_VERSION = 1
ROLES = ('single_task', 'multi_task')


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number.

    Attributes:
        value: the number in `unit`; NaN if the metric is undefined (written as null).
        unit: '%', 'm', 'deg', ... ; '' for a pure number.
        higher_is_better: the direction of improvement.
    """

    value: float
    unit: str
    higher_is_better: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, 'value', float(self.value))  # a tensor or NumPy scalar would not survive JSON


@dataclass
class Result:
    """The results of one run.

    Attributes:
        suite: the benchmark of the run, e.g. 'kdam_nyud'; Delta_mt is only computed within a suite.
        method: the leaderboard row, e.g. 'MT+KDAM'.
        config: path of the config file.
        config_sha256: hash of the merged config without seed and paths; the same for all seeds of a row.
        seed: the run's seed.
        student: the network in free text, e.g. 'hrnet18'.
        backbone: the backbone; single-task references are found by it.
        tasks: the evaluated tasks, in display order.
        role: 'single_task' (exactly one task; a reference for Delta_mt) or 'multi_task'.
        metrics: task -> metric name -> Metric, for every task.
        primary: task -> name(s) of the metrics that enter Delta_mt; one name may be given as a plain string.
        teachers: names of the teachers; empty without distillation.
        params: parameters of the evaluated network.
        macs: multiply-accumulates of one forward pass at `input_size`.
        input_size: (height, width) in pixels.
        images_per_second: inference speed on `device`.
        peak_memory_bytes: largest memory in use while testing.
        train_set: the training data.
        test_set: the test data.
        protocol: how the numbers were obtained: 'last checkpoint', 'median of the last 20 epochs', ...
        domain: the evaluated domain, if a test set has several.
        fold: the cross-validation fold.
        device: e.g. 'cpu' or 'NVIDIA H200'.
        versions: package -> version.
        code_version: version or commit of the code.
        time: when it was measured, ISO 8601.
        command: the command that measured it.
        schema_version: SCHEMA_VERSION.

    Raises:
        ValueError: the fields are inconsistent; the message says which.
    """

    suite: str
    method: str
    config: str
    config_sha256: str
    seed: int
    student: str
    backbone: str
    tasks: list[str]
    role: str
    metrics: dict[str, dict[str, Metric]]
    primary: dict[str, Any]
    teachers: list[str] = field(default_factory=list)
    params: int | None = None
    macs: int | None = None
    input_size: tuple[int, int] | None = None
    images_per_second: float | None = None
    peak_memory_bytes: int | None = None
    train_set: str | None = None
    test_set: str | None = None
    protocol: str | None = None
    domain: str | None = None
    fold: int | None = None
    device: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    code_version: str | None = None
    time: str | None = None
    command: str | None = None
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        self.tasks, self.teachers = list(self.tasks), list(self.teachers)
        self.primary = {task: [name] if isinstance(name, str) else list(name) for task, name in self.primary.items()}
        if self.input_size is not None:
            height, width = self.input_size
            self.input_size = (height, width)
        if self.role not in ROLES:
            raise ValueError(f"role is {self.role!r}; it must be 'single_task' or 'multi_task'")
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise ValueError(f'tasks must name at least one task and none twice, got {self.tasks}')
        if self.role == 'single_task' and len(self.tasks) != 1:
            raise ValueError(f"a result with role 'single_task' has exactly one task, got {self.tasks}")
        if self.metrics.keys() != set(self.tasks):
            raise ValueError(f'metrics are given for {sorted(self.metrics)} but the tasks are {sorted(self.tasks)}')
        for task in self.tasks:
            if not self.primary.get(task):
                raise ValueError(f'primary names no metric for task {task!r}')
            for name in self.primary[task]:
                if name not in self.metrics[task]:
                    have = sorted(self.metrics[task])
                    raise ValueError(f'primary names the metric {name!r} for task {task!r}, which has only {have}')

    @classmethod
    def of(cls, numbers: Mapping[str, Mapping[str, tuple[float, str, bool]]], **fields: Any) -> Result:
        """A record from plain numbers.

        Args:
            numbers: task -> metric name -> (value, unit, whether higher is better).
            **fields: the other fields.
        """
        return cls(metrics={task: {name: Metric(*number) for name, number in metrics.items()}
                            for task, metrics in numbers.items()}, **fields)

    def to_json(self) -> dict[str, Any]:
        """This record in plain JSON types; non-finite numbers become None."""
        data = {'schema_version': self.schema_version, **{key: getattr(self, key) for key in _TYPES}}
        data['metrics'] = {task: {name: {'value': _finite(metric.value), 'unit': metric.unit,
                                         'higher_is_better': metric.higher_is_better} for name, metric in named.items()}
                           for task, named in self.metrics.items()}
        data['input_size'] = None if self.input_size is None else list(self.input_size)
        data['images_per_second'] = _finite(self.images_per_second)
        return data

    @classmethod
    def from_json(cls, data: Any) -> Result:
        """Builds a record from the output of `to_json`; unknown keys are ignored.

        Raises:
            ValueError: for another schema version, a missing key or a value of the wrong type, in one sentence.
        """
        if not isinstance(data, dict):
            raise ValueError(f'a results record is a JSON object, got {type(data).__name__}')
        version = data.get('schema_version')
        if 'step_ratio' in data:
            raise ValueError('this is a record of the cost of a network, not a result; use --costs for a page of costs')
        if version is None:
            raise ValueError('it has no schema version, so it was not written by tools/test.py; test again, or exclude it')
        if version != SCHEMA_VERSION:
            newer = _is_integer(version) and version > SCHEMA_VERSION
            cure = 'update mtkd, or test again with this one' if newer else 'test again'
            raise ValueError(f'schema version {version!r} is not supported, only {SCHEMA_VERSION}; {cure}')
        missing = [key for key in _REQUIRED if key not in data]
        if missing:
            raise ValueError(f'key {missing[0]!r} is missing')
        values = {key: data[key] for key in _TYPES if key in data}
        for key, value in values.items():
            if value is None and key not in _NEEDED:
                continue
            if not _CHECKS[_TYPES[key]](value):
                raise ValueError(f'{key!r} must be {_TYPES[key]}, got {type(value).__name__} {value!r:.60}')
            if key in _LIMITS:
                _check_limits(key, value)
        for key in _REPEATED:
            if isinstance(values.get(key), str):
                values[key] = sys.intern(values[key])
        for key in ('teachers', 'versions'):
            if values.get(key, 0) is None:
                del values[key]
        return cls(**{**values, 'metrics': _read_metrics(values['metrics'])})

    def write(self, path: str | Path) -> Path:
        """Writes the record to `path` in one step: readers see either the old file or the complete new one.

        Returns:
            The path written.
        """
        path = Path(path)
        atomic.write_text(path, json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + '\n')
        return path

    @classmethod
    def read(cls, path: str | Path) -> Result:
        """Reads one record.

        Raises:
            FileNotFoundError: the file does not exist.
            ValueError: it is invalid; the message names the file.
        """
        path = Path(path)
        try:
            data = json.loads(path.read_bytes())
        except (FileNotFoundError, IsADirectoryError):
            raise FileNotFoundError(f'{path}: no such results file; run tools/test.py to make one') from None
        except ValueError as error:
            raise ValueError(f'{path}: not complete JSON ({error}); delete it and run tools/test.py again') from None
        try:
            return cls.from_json(data)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None


_TYPES = {
    'suite': 'a string',
    'method': 'a string',
    'config': 'a string',
    'config_sha256': 'a string',
    'seed': 'an integer',
    'student': 'a string',
    'backbone': 'a string',
    'tasks': 'a list of strings',
    'role': 'a string',
    'metrics': 'an object',
    'primary': 'an object of metric names',
    'teachers': 'a list of strings',
    'params': 'an integer',
    'macs': 'an integer',
    'input_size': 'a list of two integers',
    'images_per_second': 'a number',
    'peak_memory_bytes': 'an integer',
    'train_set': 'a string',
    'test_set': 'a string',
    'protocol': 'a string',
    'domain': 'a string',
    'fold': 'an integer',
    'device': 'a string',
    'versions': 'an object',
    'code_version': 'a string',
    'time': 'a string',
    'command': 'a string',
}
_LARGEST = 1e12  # upper limit of a metric's value
_LIMITS = {  # key -> range of its numbers
    'seed': (0, 2.0 ** 63), 'params': (0, 1e15), 'macs': (0, 1e18), 'input_size': (1, 1e6), 'images_per_second': (0, 1e9),
    'peak_memory_bytes': (0, 1e15), 'fold': (0, 1e6)}


def _check_limits(key: str, value: Any) -> None:
    low, high = _LIMITS[key]
    for number in value if isinstance(value, list) else (value,):
        if not low <= number <= high:
            raise ValueError(f'{key!r} is {_shown(value)}, which is impossible (the range is {low:g} to {high:g}); '
                             f'correct it, or test again')


_REQUIRED = [f.name for f in fields(Result)][: [f.name for f in fields(Result)].index('teachers')]
_NEEDED = frozenset(_REQUIRED)
_REPEATED = ('suite', 'method', 'config', 'config_sha256', 'student', 'backbone', 'role', 'train_set', 'test_set',
             'protocol', 'domain', 'device', 'code_version')  # stored once for all runs with the same text


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _are_names(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(names, str) or _are_strings(names) for names in value.values())


def _are_two_integers(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_integer, value))


_CHECKS: dict[str, Callable[[Any], bool]] = {  # a phrase of `_TYPES` -> whether a parsed JSON value has that type
    'a string': lambda value: isinstance(value, str),
    'an integer': _is_integer,
    'a number': _is_number,
    'an object': lambda value: isinstance(value, dict),
    'a list of strings': _are_strings,
    'an object of metric names': _are_names,
    'a list of two integers': _are_two_integers,
}


def _read_metrics(data: dict[str, Any]) -> dict[str, dict[str, Metric]]:
    """Parses `metrics[task][name]`; null becomes NaN."""
    metrics: dict[str, dict[str, Metric]] = {}
    for task, named in data.items():
        if not isinstance(named, dict):
            raise ValueError(f'metrics of {task!r} must be an object, got {type(named).__name__}')
        metrics[sys.intern(task)] = {sys.intern(name): _read_metric(task, name, entry) for name, entry in named.items()}
    return metrics


def _read_metric(task: str, name: str, entry: Any) -> Metric:
    try:
        value, unit, higher = entry['value'], entry['unit'], entry['higher_is_better']
    except (KeyError, TypeError, IndexError):
        raise ValueError(f"metric {task}/{name} must be an object with 'value', 'unit' and 'higher_is_better'") from None
    if type(value) is float and -_LARGEST <= value <= _LARGEST and type(unit) is str and type(higher) is bool:
        return Metric(value, sys.intern(unit), higher)  # as nearly all are
    if value is not None and not _is_number(value):
        raise ValueError(f'the value of metric {task}/{name} must be a number or null, got {value!r:.60}')
    if not isinstance(unit, str) or not isinstance(higher, bool):
        raise ValueError(f'metric {task}/{name} needs a string as unit and true or false as higher_is_better')
    if value is None:
        value = math.nan
    elif not -_LARGEST <= value <= _LARGEST and value == value:
        raise ValueError(f'the value of metric {task}/{name} is {_shown(value)}, which is impossible; test again, or write '
                         f'null where it is not known')
    return Metric(value, sys.intern(unit), higher)


def _shown(value: Any) -> str:
    """A number, shortened; Python does not print integers with thousands of digits."""
    huge = isinstance(value, int) and abs(value) > 1e30
    return f'a number of about {int(abs(value).bit_length() * math.log10(2)) + 1} digits' if huge else f'{value!r:.60}'


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
