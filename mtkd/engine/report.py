"""Report protocol of a run: the last checkpoint, or a statistic over the validations of the last epochs."""

import copy
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from .. import atomic

VALIDATIONS = 'validations.json'
CONFIG_KEYS = ('report',)
LAST_CHECKPOINT = 'last checkpoint'
STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {'median': statistics.median, 'mean': statistics.fmean}


class IncompleteReport(ValueError):
    """Validations of the last epochs are missing or belong to another checkpoint; the message says why."""


@dataclass(frozen=True)
class Report:
    """``report`` of a config: ``dict(last_epochs=20, statistic='median')``.

    The statistic is computed separately for every metric of every task, over the validations at the ends of the last epochs.
    These must use the test set, so that no held-out selection is involved.

    Attributes:
        last_epochs: number of epochs from the end.
        statistic: ``'median'`` or ``'mean'``.

    Raises:
        ValueError: an unknown statistic, or a number of epochs that is not a positive integer.

    Source: KD4MTL's SVHN + Omniglot (median of the last 20, fact sheet 1.2.3); MTAN (mean of the last 10, 5.5.3).
    """

    last_epochs: int = 20
    statistic: str = 'median'

    def __post_init__(self) -> None:
        if self.statistic not in STATISTICS:
            raise ValueError(f"report.statistic='{self.statistic}': use one of {', '.join(STATISTICS)}.")
        if not isinstance(self.last_epochs, int) or self.last_epochs < 1:
            raise ValueError(f'report.last_epochs={self.last_epochs}: give a whole number of epochs, at least 1.')

    def text(self, epochs: int) -> str:
        """Description for a results file, e.g. 'median of the last 20 epochs'."""
        return f'{self.statistic} of the last {epochs} epochs' if epochs > 1 else 'last epoch'


def report_of(cfg: Config) -> Report | None:
    """The report protocol of a config; None: the last checkpoint.

    Raises:
        ValueError: ``report`` has keys that :class:`Report` does not define, or invalid values.
    """
    asked = cfg.get('report')
    if not asked:
        return None
    unknown = set(asked) - set(Report.__dataclass_fields__)
    if unknown:
        raise ValueError(f"report has the unknown key '{min(unknown)}': its keys are last_epochs and statistic.")
    return Report(**asked)


def set_up_report(cfg: Config) -> bool:
    """Configure validations at the ends of the last epochs, on the test set with all metrics, and their storage.

    Args:
        cfg: a config for the Runner; modified in place.

    Returns:
        Whether the config has a report, so that its validation settings are needed.

    Raises:
        ValueError: the config validates on data other than the test set.
    """
    report = report_of(cfg)
    if report is None or not cfg.get('train_cfg'):
        return False
    if not cfg.get('val_dataloader'):
        cfg.val_dataloader = copy.deepcopy(cfg.test_dataloader)
    if _data(cfg.val_dataloader) != _data(cfg.test_dataloader):
        raise ValueError('report uses the metrics of the validations in the last epochs, but the data sets of '
                         'val_dataloader and test_dataloader differ: make them the same, or set report=None to use the '
                         'metrics of the checkpoint.')
    cfg.val_evaluator = copy.deepcopy(cfg.test_evaluator)  # slow metrics are also reported
    if not cfg.get('val_cfg'):
        cfg.val_cfg = {'type': 'ValLoop'}
    cfg.train_cfg.val_last_epochs = report.last_epochs
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), {'type': 'ReportHook'}]
    return True


def _data(loader: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that determine the samples of a loader and their form."""
    return {key: value for key, value in loader['dataset'].items() if key != 'cache'}


@dataclass
class Validations:
    """Contents of ``validations.json``, written by a training.

    Attributes:
        config_sha256: hash of the config of the training.
        seed: seed of the training.
        report_at: iterations at which the last epochs end.
        numbers: iteration -> '<task>/<metric>' -> value, of every validation, in the order of iterations.
    """

    config_sha256: str | None
    seed: int | None
    report_at: list[int]
    numbers: dict[int, dict[str, float]]

    def write(self, path: Path) -> None:
        """Write atomically: readers see either the old or the complete new file. NaN is stored as null."""
        validations = [{'iter': iteration, 'metrics': {name: value if math.isfinite(value) else None
                                                       for name, value in self.numbers[iteration].items()}}
                       for iteration in sorted(self.numbers)]
        atomic.write_text(path, json.dumps({'config_sha256': self.config_sha256, 'seed': self.seed,
                                            'report_at': self.report_at, 'validations': validations}, indent=1,
                                           allow_nan=False))

    @classmethod
    def read(cls, path: Path) -> 'Validations':
        """Read a file written by :meth:`write`.

        Raises:
            IncompleteReport: the file does not exist or has another format.
        """
        if not path.is_file():
            raise IncompleteReport(f'there is no {path}, which is written by the validations of the last epochs')
        try:
            data = json.loads(path.read_text(encoding='utf-8'))
            numbers = {int(entry['iter']): {name: math.nan if value is None else float(value)
                                            for name, value in entry['metrics'].items()} for entry in data['validations']}
            return cls(data['config_sha256'], data['seed'], [int(i) for i in data['report_at']], numbers)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise IncompleteReport(f'{path} is damaged ({type(error).__name__}: {error})') from error


def reported(folder: Path, report: Report, meta: Mapping[str, Any]) -> tuple[dict[str, float], str]:
    """The metrics to report for a finished training.

    Args:
        folder: the work dir.
        report: the protocol.
        meta: metadata of the tested checkpoint, which must be the last one of the training with these validations.

    Returns:
        '<task>/<metric>' -> statistic, and its description.

    Raises:
        IncompleteReport: validations are missing; the message says which.
    """
    path = folder / VALIDATIONS
    kept = Validations.read(path)
    if kept.config_sha256 != meta.get('config_sha256') or kept.seed != meta.get('seed'):
        raise IncompleteReport(f'{path} belongs to another training than the checkpoint')
    ends = kept.report_at[-report.last_epochs:]
    if not ends or meta.get('iter') != ends[-1]:
        raise IncompleteReport(f'the checkpoint is from iteration {meta.get("iter")}, but the training of {path} ends at '
                               f'{ends[-1] if ends else "none"}')
    missing = [iteration for iteration in ends if iteration not in kept.numbers]
    if missing:
        raise IncompleteReport(f'{path} lacks {len(missing)} of {len(ends)} validations (the first at iteration '
                               f'{missing[0]})')
    names = [name for name in kept.numbers[ends[-1]] if all(name in kept.numbers[iteration] for iteration in ends)]
    values = {name: [kept.numbers[iteration][name] for iteration in ends] for name in names}
    return {name: _statistic(report.statistic, found) for name, found in values.items()}, report.text(len(ends))


def _statistic(name: str, values: Sequence[float]) -> float:
    """The statistic; NaN if a value is NaN, because sorting NaN would make the median depend on the order."""
    return math.nan if any(math.isnan(value) for value in values) else STATISTICS[name](values)
