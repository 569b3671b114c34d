"""The record of the cost of a network relative to a baseline: a line of a `.jsonl` file, which `tools/network_cost.py`
writes.

A record must be complete and of this schema version; otherwise the error names file and line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .lines import ENDING, is_lines, read_lines, sole_writer, write_lines

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class NetworkCost:
    """Training cost of a network, relative to a baseline whose steps alternated with its own.

    Attributes:
        network: the method, e.g. 'PAD-Net'.
        backbone: e.g. 'MobileNetV3-L'.
        config: path of the config file.
        config_sha256: hash of the network, its tasks and its normalisation in the config.
        baseline: the method with which the step is compared.
        baseline_config: its config.
        params: parameters of the deployed network.
        macs: multiply-accumulates of one image of `input_size`.
        input_size: (height, width) in pixels.
        batch_size: images per step.
        step_seconds: median training step (forward, losses, backward, update) by `clock`.
        baseline_seconds: that of the baseline in the same run.
        step_ratio: median of the ratios of neighbouring steps, network to baseline.
        ratio_quartiles: first and third quartile of these ratios.
        steps: timed steps of each.
        clock: 'cpu', processor time of the process, or 'wall'.
        kept_bytes: memory that the forward pass keeps for the backward pass, without parameters.
        peak_bytes: peak memory of a step above that in use before it.
        peak_of: source of `peak_bytes`, 'resident size' (of the process, on a CPU) or 'CUDA allocator'.
        device: e.g. 'cpu' or 'NVIDIA H200'.
        threads: threads of torch.
        seed: seed of weights and images.
        versions: package -> version.
        code_version: version or commit of mtkd.
        time: when it was measured, ISO 8601.
        command: the command that measured it.
        schema_version: SCHEMA_VERSION.
    """

    network: str
    backbone: str
    config: str
    config_sha256: str
    baseline: str
    baseline_config: str
    params: int
    macs: int
    input_size: tuple[int, int]
    batch_size: int
    step_seconds: float
    baseline_seconds: float
    step_ratio: float
    ratio_quartiles: tuple[float, float]
    steps: int
    clock: str
    kept_bytes: int
    peak_bytes: int
    peak_of: str
    device: str
    threads: int
    seed: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    code_version: str = ''
    time: str = ''
    command: str = ''
    schema_version: int = SCHEMA_VERSION

    @property
    def is_baseline(self) -> bool:
        """Whether it was compared with itself."""
        return self.config == self.baseline_config

    @classmethod
    def from_json(cls, data: Any) -> NetworkCost:
        """Builds a record from parsed JSON; unknown keys are ignored.

        Raises:
            ValueError: for another schema version, a missing key or a value of the wrong type, in one sentence.
        """
        return cls(**_checked(data))


def read_costs(paths: Iterable[str | Path]) -> list[NetworkCost]:
    """The records of `.jsonl` files, in order.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: no record, an invalid one, or two of the same network in the same setting.
    """
    found: dict[tuple[object, ...], tuple[str, NetworkCost]] = {}
    for path in dict.fromkeys(map(Path, paths)):
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such file of records; tools/network_cost.py writes one')
        if not is_lines(path):
            raise ValueError(f'{path}: records of costs are kept in a file whose name ends in {ENDING}')
        for number, record in read_lines(path, NetworkCost.from_json):
            key, where = identity(record), f'{path}:{number}'
            if key in found:
                raise ValueError(f'{found[key][0]} and {where} are both {record.network} ({record.config}) in one setting; '
                                 f'remove one of them')
            found[key] = (where, record)
    if not found:
        raise ValueError('no records of costs found: name a file that tools/network_cost.py has written')
    return [record for _, record in found.values()]


def record_cost(path: str | Path, record: NetworkCost) -> None:
    """Write a record to a `.jsonl` file, replacing an earlier one of the same network and setting.

    Raises:
        ValueError: the file's name has another extension, or one of its lines is invalid.
    """
    path = Path(path)
    if not is_lines(path):
        raise ValueError(f'{path}: records of costs are kept in a file whose name ends in {ENDING}')
    with sole_writer(path):
        kept = [old for _, old in read_lines(path, NetworkCost.from_json)] if path.exists() else []
        merged = {**{identity(old): old for old in kept}, identity(record): record}
        write_lines(path, map(asdict, merged.values()))


def identity(record: NetworkCost) -> tuple[object, ...]:
    """The key that must be unique in a file."""
    return (record.config, *setting(record))


def setting(record: NetworkCost) -> tuple[object, ...]:
    """The key of the table that contains a record."""
    return (record.device, *record.input_size, record.batch_size, record.threads, record.clock, record.peak_of,
            record.baseline_config)


_INTEGERS = {'params', 'macs', 'batch_size', 'steps', 'kept_bytes', 'peak_bytes', 'threads', 'seed'}
_NUMBERS = {'step_seconds', 'baseline_seconds', 'step_ratio'}
_PAIRS = {'input_size', 'ratio_quartiles'}


def _checked(data: Any) -> dict[str, Any]:
    """The fields of a record, checked; unknown keys are ignored."""
    version = data.get('schema_version') if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise ValueError(f'schema version {version!r} is not supported, only {SCHEMA_VERSION}; measure again')
    values = {f.name: data[f.name] for f in fields(NetworkCost) if f.name in data}
    optional = {'seed', 'versions', 'code_version', 'time', 'command'}
    missing = [f.name for f in fields(NetworkCost) if f.name not in values and f.name not in optional]
    if missing:
        raise ValueError(f'key {missing[0]!r} is missing')
    for name, value in values.items():
        kind = _kind(name)
        numbers = value if name in _PAIRS and isinstance(value, list) and len(value) == 2 else [value]
        wanted = {'an integer': int, 'an object': dict, 'a string': str}.get(kind, (int, float))
        if (name in _PAIRS and len(numbers) != 2) or not all(
                isinstance(number, wanted) and not isinstance(number, bool) for number in numbers):  # type: ignore[arg-type]
            raise ValueError(f'{name!r} must be {kind}, got {value!r:.60}')
    return {**values, **{name: tuple(values[name]) for name in _PAIRS}}


def _kind(name: str) -> str:
    if name in _PAIRS:
        return 'a list of two numbers'
    if name in _INTEGERS or name == 'schema_version':
        return 'an integer'
    return 'a number' if name in _NUMBERS else 'an object' if name == 'versions' else 'a string'
