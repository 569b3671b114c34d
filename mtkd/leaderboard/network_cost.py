"""The record of what one network costs beside a baseline: a JSON file a network, which `tools/network_cost.py` writes.

A file is either complete and of this schema version or refused with a sentence that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .. import atomic

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class NetworkCost:
    """What one network costs in training, beside the baseline with which its steps alternated.

    Attributes:
        network: the method, e.g. 'PAD-Net'.
        backbone: e.g. 'MobileNetV3-L'.
        config: path of the config file.
        config_sha256: of the network, its tasks and its normalisation as the config gives them.
        baseline: the method that the step is compared with.
        baseline_config: its config.
        params: parameters of the deployed network.
        macs: multiply-accumulates of one picture of `input_size`.
        input_size: (height, width) in pixels.
        batch_size: pictures a step.
        step_seconds: median training step (forward, losses, backward, update) by `clock`.
        baseline_seconds: that of the baseline in the same run.
        step_ratio: median of the ratios of neighbouring steps, network to baseline.
        ratio_quartiles: first and third quartile of these ratios.
        steps: timed steps of each.
        clock: 'cpu', processor time of the process, or 'wall'.
        kept_bytes: what a step's forward keeps for its backward, parameters left out.
        peak_bytes: the highest point of a step above what was held before it.
        peak_of: what `peak_bytes` is read from, 'resident size' (of the process, on a CPU) or 'CUDA allocator'.
        device: e.g. 'cpu' or 'NVIDIA H200'.
        threads: of torch.
        seed: of weights and pictures.
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

    def write(self, path: str | Path) -> Path:
        """Writes the record to `path` in one step, and returns that."""
        path = Path(path)
        atomic.write_text(path, json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + '\n')
        return path

    @classmethod
    def read(cls, path: str | Path) -> NetworkCost:
        """Reads one record.

        Raises:
            FileNotFoundError: where there is no such file.
            ValueError: where it cannot be used; one sentence that names the file.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such record; run tools/network_cost.py to make one')
        try:
            data = json.loads(path.read_text(encoding='utf-8'))
        except ValueError as error:
            raise ValueError(f'{path}: not complete JSON ({error}); delete it and run tools/network_cost.py again') from None
        try:
            return cls(**_checked(data))
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from None


def read_costs(paths: Iterable[str | Path]) -> list[NetworkCost]:
    """The records under `paths`, folders and files, in the order of their paths.

    Raises:
        FileNotFoundError: a path does not exist.
        ValueError: no record, one that cannot be used, or two of the same network in the same setting.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f'{path}: no such folder or file')
        files += sorted(path.rglob('*.json')) if path.is_dir() else [path]
    if not files:
        raise ValueError('no records of costs found: name a folder that tools/network_cost.py has written to')
    found: dict[tuple[object, ...], Path] = {}
    records = []
    for file in dict.fromkeys(files):
        record = NetworkCost.read(file)
        key = (record.config, *setting(record))
        if key in found:
            raise ValueError(f'{found[key]} and {file} are both {record.network} ({record.config}) in one setting; remove '
                             f'one of them')
        found[key] = file
        records.append(record)
    return records


def setting(record: NetworkCost) -> tuple[object, ...]:
    """What two records must have in common to stand in one table."""
    return (record.device, *record.input_size, record.batch_size, record.threads, record.clock, record.peak_of,
            record.baseline_config)


_INTEGERS = {'params', 'macs', 'batch_size', 'steps', 'kept_bytes', 'peak_bytes', 'threads', 'seed'}
_NUMBERS = {'step_seconds', 'baseline_seconds', 'step_ratio'}
_PAIRS = {'input_size', 'ratio_quartiles'}


def _checked(data: Any) -> dict[str, Any]:
    """The fields of a record; unknown keys are left out."""
    version = data.get('schema_version') if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise ValueError(f'schema version {version!r} is not {SCHEMA_VERSION}, the one read here; measure again')
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
