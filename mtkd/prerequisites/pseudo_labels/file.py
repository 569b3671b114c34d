"""Pseudo-label files: one per data set, with a header that describes their origin, and without pickled objects."""

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mtkd import atomic
from mtkd.leaderboard.escaping import csv_cell

FORMAT_VERSION = 1
NORMALISED = 0.01  # tolerance of the sum of float16 probabilities
STORED = np.float16  # type of stored soft labels; confidences are float32


@dataclass(frozen=True)
class Header:
    """Data and origin of the pseudo-labels in a file.

    Attributes:
        data_set: name of the data set.
        split: its split.
        domain: its domain, if it has several; otherwise ''.
        teacher: config of the teacher.
        weights: fingerprint of the teacher's weights, see :func:`mtkd.distill.weights.checkpoint_hash`.
        transforms: the views of an image that were averaged.
        precision: precision of the teacher.
        tasks: task -> number of classes (bins).
        classes: task -> names of the classes, if known.
        format_version: :data:`FORMAT_VERSION`.
    """

    data_set: str
    split: str
    domain: str
    teacher: str
    weights: str
    transforms: list[str]
    precision: str
    tasks: dict[str, int]
    classes: dict[str, list[str]]
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class SoftLabels:
    """The pseudo-labels of one task.

    Attributes:
        index: (n,) int64, indices of the samples without this label, increasing.
        probs: (n, C) float16, the averaged distribution over C classes.
        confidence: (n,) float32, the largest probability before rounding.
    """

    index: np.ndarray
    probs: np.ndarray
    confidence: np.ndarray

    @property
    def label(self) -> np.ndarray:
        """(n,) the most probable class."""
        return self.probs.argmax(1)

    @classmethod
    def joined(cls, parts: Sequence['SoftLabels']) -> 'SoftLabels':
        """Concatenate parts."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts])
                     for name in ('index', 'probs', 'confidence')))


@dataclass(frozen=True)
class PseudoFile:
    """All pseudo-labels of one split of one data set.

    Attributes:
        header: description of the labels.
        sample_ids: (N,) ids of all samples of the split, in order; labels are indices into it.
        labels: task -> its labels.
    """

    header: Header
    sample_ids: np.ndarray
    labels: dict[str, SoftLabels]

    def write(self, path: Path) -> None:
        """Write the file atomically: readers see either the old or the complete new one."""
        arrays = {f'{task}.{name}': value for task, labels in self.labels.items() for name, value in vars(labels).items()}
        write_arrays(path, {'header': np.array(json.dumps(asdict(self.header))), 'sample_ids': self.sample_ids, **arrays})

    @classmethod
    def read(cls, path: Path) -> 'PseudoFile':
        """Read a file.

        Raises:
            FileNotFoundError: the file does not exist.
            ValueError: the file is damaged, has another format version, or contains values that are not probabilities.
        """
        arrays = read_arrays(path)
        try:
            header = json.loads(str(arrays['header'])) if 'header' in arrays else {}
        except ValueError as error:
            raise ValueError(f'{path} is damaged or not a file of pseudo-labels (invalid header: {error})') from error
        if header.get('format_version') != FORMAT_VERSION:
            raise ValueError(f'{path} contains pseudo-labels of format {header.get("format_version")}, but this version of '
                             f'mtkd reads format {FORMAT_VERSION}')
        names = ('index', 'probs', 'confidence')
        try:
            labels = {task: SoftLabels(*(arrays[f'{task}.{name}'] for name in names)) for task in header['tasks']}
            found = cls(Header(**header), arrays['sample_ids'], labels)
        except (KeyError, TypeError) as error:
            raise ValueError(f'{path} is damaged or not a file of pseudo-labels (it lacks {error})') from error
        found.check(path)
        return found

    def check(self, path: Path) -> None:
        """Check that all entries are valid: rows are distributions and refer to existing samples.

        The checksums of the archive, one per array, have already been verified; this finds values that were written
        incorrectly.

        Raises:
            ValueError: an entry is invalid; the message names the task, the first invalid entry and its content.
        """
        for task, labels in self.labels.items():
            rows, classes = len(labels.index), self.header.tasks[task]
            if labels.probs.shape != (rows, classes) or labels.confidence.shape != (rows,) or labels.index.ndim != 1:
                raise ValueError(f"{path} is damaged: '{task}' has {labels.probs.shape} probabilities and "
                                 f'{labels.confidence.shape} confidences for {rows} samples and {classes} classes')
            probs: np.ndarray = labels.probs.astype(np.float64)
            sure: np.ndarray = labels.confidence.astype(np.float64)
            index: np.ndarray = labels.index.astype(np.int64)
            total = probs.sum(1)
            steps = np.diff(index, prepend=-1)
            for wrong, what in (
                    (~np.isfinite(probs).all(1) | ~np.isfinite(sure), 'has infinite or NaN values'),
                    (((probs < 0) | (probs > 1)).any(1), 'has probabilities outside 0 to 1'),
                    (np.abs(total - 1) > NORMALISED, 'does not sum to 1'),
                    (np.abs(sure - probs.max(1, initial=0)) > NORMALISED, 'has a confidence that is not its largest '
                                                                          'probability'),
                    ((index < 0) | (index >= len(self.sample_ids)), 'refers to a sample that does not exist'),
                    (steps < 1, 'is not in the order of the samples')):
                if wrong.any():
                    row = int(wrong.argmax())
                    raise ValueError(f"{path}: entry {row} of '{task}' {what} (sample {index[row]}, sum {total[row]:.4g}, "
                                     f'confidence {sure[row]:.4g}; {int(wrong.sum())} of {rows} entries are wrong)')

    def write_csv(self, path: Path, rules: 'Rules') -> None:
        """Write one line per sample and task: the label, the confidence, whether it is kept, and the distribution.

        Names that a spreadsheet would interpret as a formula are prefixed with an apostrophe.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator='\n')
        writer.writerow(['sample_id', 'task', 'label', 'class', 'confidence', 'kept', 'distribution'])
        for task, labels in self.labels.items():
            names = self.header.classes.get(task)
            kept = rules.keep(task, labels)
            for row, index in enumerate(labels.index):
                label = int(labels.label[row])
                writer.writerow([csv_cell(str(self.sample_ids[index])), csv_cell(task), label,
                                 csv_cell(names[label]) if names else '', f'{labels.confidence[row]:.4f}', int(kept[row]),
                                 ' '.join(f'{value:.4f}' for value in labels.probs[row])])
        atomic.write_bytes(path, text.getvalue().encode())


class Rules:
    """Selects pseudo-labels: the confident ones, or the most confident ones of each class.

    Args:
        tau: keep labels with at least this confidence; a number, or task -> number.
        top_p: alternatively, keep this fraction of the labels of each class, the most confident first, so that no class is
            underrepresented; a number, or task -> number.

    Raises:
        ValueError: neither or both are given, for all tasks or for one, or a value is not in (0, 1].

    Source: fact sheet 1.4.2, step 3 (tau = .7; ``top_p`` is optional there). Distributions over many bins, such as ages,
    have a small maximum: use a separate ``tau`` or ``top_p`` for such a task.
    """

    def __init__(self, tau: float | Mapping[str, float] | None = None,
                 top_p: float | Mapping[str, float] | None = None) -> None:
        if tau is not None and top_p is not None and not (isinstance(tau, Mapping) and isinstance(top_p, Mapping)):
            raise ValueError('pseudo_labels takes tau (a confidence) or top_p (a fraction of each class), not both; give '
                             'both only as dictionaries for different tasks.')
        if tau is None and top_p is None:
            raise ValueError('pseudo_labels needs tau (a confidence) or top_p (a fraction of each class).')
        for name, given in (('tau', tau), ('top_p', top_p)):
            for value in given.values() if isinstance(given, Mapping) else [given]:
                if value is not None and not 0 < value <= 1:
                    raise ValueError(f'pseudo_labels: {name}={value}; give a number above 0 and at most 1.')
        self.tau, self.top_p = tau, top_p

    def check(self, tasks: Iterable[str]) -> None:
        """Check that every task has exactly one rule.

        Raises:
            ValueError: a task has none or two; the message names it.
        """
        for task in tasks:
            if (_of(self.tau, task) is None) == (_of(self.top_p, task) is None):
                raise ValueError(f"pseudo_labels: give task '{task}' either tau or top_p; it has "
                                 f'tau={_of(self.tau, task)} and top_p={_of(self.top_p, task)}.')

    def keep(self, task: str, labels: SoftLabels) -> np.ndarray:
        """(n,) bool: which of a task's labels are kept."""
        tau = _of(self.tau, task)
        if tau is not None:
            return labels.confidence >= tau
        share = _of(self.top_p, task) or 0.0
        kept: np.ndarray = np.zeros(len(labels.index), bool)
        for label in np.unique(labels.label):
            rows = np.flatnonzero(labels.label == label)
            order = np.argsort(-labels.confidence[rows], kind='stable')
            kept[rows[order[:int(np.ceil(share * len(rows)))]]] = True
        return kept


def _of(rule: float | Mapping[str, float] | None, task: str) -> float | None:
    return rule.get(task) if isinstance(rule, Mapping) else rule


def problem(found: PseudoFile, wanted: Header, sample_ids: Sequence[str]) -> str | None:
    """The difference between a file and the required one, as part of a sentence; None if there is none.

    Args:
        found: the file.
        wanted: the required header; the file may have more tasks.
        sample_ids: ids of the samples of the split, in order.
    """
    have = found.header
    if have.weights != wanted.weights:
        return (f'they were created by another teacher (weights {have.weights[:8]} of {have.teacher}) than that of the '
                f'config (weights {wanted.weights[:8]} of {wanted.teacher})')
    if _source(have) != _source(wanted):
        return f'they belong to {_source(have)}, but the config trains on {_source(wanted)}'
    if have.transforms != wanted.transforms or have.precision != wanted.precision:
        return (f'they average {", ".join(have.transforms)} in {have.precision}, but the config uses '
                f'{", ".join(wanted.transforms)} in {wanted.precision}')
    missing = [task for task in wanted.tasks if task not in have.tasks]
    if missing:
        return f"they have no task '{missing[0]}' (only {', '.join(have.tasks)})"
    for task, count in wanted.tasks.items():
        if have.tasks[task] != count or have.classes.get(task) != wanted.classes.get(task):
            return f"their '{task}' has {_classes(have, task)}, but the data set of the config has {_classes(wanted, task)}"
    if list(found.sample_ids) != list(sample_ids):
        return f'they belong to other samples: {_difference(list(found.sample_ids), sample_ids)}'
    return None


def _source(header: Header) -> str:
    return f"the split '{header.split}' of {header.data_set}" + (f', domain {header.domain}' if header.domain else '')


def _classes(header: Header, task: str) -> str:
    names = header.classes.get(task)
    return f'{header.tasks[task]} classes' + (f' ({", ".join(names)})' if names else '')


def _difference(have: Sequence[str], want: Sequence[str]) -> str:
    if len(have) != len(want):
        return f'there are {len(have)} of them, but {len(want)} in the data set'
    first = next(i for i, (a, b) in enumerate(zip(have, want, strict=True)) if a != b)
    return f"sample {first} is '{have[first]}', but '{want[first]}' in the data set"


# Arrays on disk


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an .npz file atomically."""
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    atomic.write_bytes(path, content.getvalue())


def read_arrays(path: Path) -> dict[str, Any]:
    """Read the arrays of an .npz file; pickled objects are not loaded.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: the file is damaged or contains pickled objects.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f'{path} is damaged or not a file of pseudo-labels ({error})') from error
