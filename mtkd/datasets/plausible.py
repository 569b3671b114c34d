"""Plausibility check of labels on a few samples, which takes at most about two seconds at the start of a run.

Shape, type and range of every label are checked whenever it is read (:meth:`mtkd.structures.TargetKind.check`). This check
finds what a single label does not show: depths in millimetres, masks of 0 and 255 whose foreground is read as the marker of
missing labels, classes that never occur, numbers that float32 cannot represent.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from mtkd.structures import IGNORE, TargetKind

WRONG, ODD = 'wrong', 'odd'
METRES = (0.05, 200.0)  # range of the median depth of any image
FEW = 0.02  # a label with values on a smaller share of pixels is nearly empty
SAMPLES = 8  # number of samples checked when a data set is opened
SECONDS = 1.0  # time after which no further sample is checked, if there are three
ENOUGH = 5  # minimum number of labels per class for reporting a class that never occurs
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Finding:
    """A finding on the labels of a task.

    Attributes:
        state: ``'wrong'`` (invalid: an error) or ``'odd'`` (implausible: a warning).
        task: the task of the labels.
        where: a file, or a data set and one of its samples.
        said: the finding, with its number, and what to do.
    """

    state: str
    task: str
    where: str
    said: str

    def __str__(self) -> str:
        return f'{self.where}: {self.task} {self.said}'


class Labelled(Protocol):
    """The required interface of a data set; every :class:`~mtkd.datasets.base.TaskDataset` provides it."""

    name: str
    split: str
    serves: frozenset[str]
    kinds: dict[str, TargetKind]
    num_classes: dict[str, int]
    DEPTH_UNIT: str
    SCALE: str

    @property
    def entries(self) -> list[dict[str, Any]]:
        """One dictionary per sample."""

    def known_labels(self) -> Mapping[str, np.ndarray]:
        """Task -> (N,) image-level labels that are known without reading an image."""

    def load(self, index: int) -> Any:
        """One sample, before any transform."""

    def where(self, index: int, task: str) -> str:
        """The name of a sample's label in messages."""


def examine(dataset: Labelled, samples: int = SAMPLES, seconds: float | None = SECONDS) -> list[Finding]:
    """Check the labels of a data set.

    All image-level labels that are known without reading images are checked, and the maps of ``samples`` samples spread
    evenly over the split.

    Args:
        dataset: a data set after ``full_init``.
        samples: number of samples to decode.
        seconds: stop decoding after this time, with at least three samples; None: never.

    Raises:
        BadData: one of these samples is broken; see :meth:`~mtkd.datasets.base.TaskDataset.load`.
    """
    findings: list[Finding] = []
    known = dataset.known_labels()
    for task, labels in known.items():
        findings += _of_numbers(dataset, task, labels)
    maps = [task for task in sorted(dataset.serves) if dataset.kinds[task].spatial]
    seen: dict[str, list[tuple[int, np.ndarray]]] = {task: [] for task in maps}
    looked, start = 0, perf_counter()
    for index in _spread(len(dataset.entries), samples if maps else 0):
        if seconds is not None and looked >= 3 and perf_counter() - start > seconds:
            break
        targets = dataset.load(index)['targets']
        looked += 1
        for task in maps:
            if targets.get(task) is not None:
                seen[task].append((index, targets[task]))
    for task, maps_seen in seen.items():
        if looked and not maps_seen:
            where = f"{dataset.name} '{dataset.split}'"
            findings.append(Finding(ODD, task, where, f'has no label in any of the {looked} samples looked at.'))
        elif looked:
            findings += MAPS[dataset.kinds[task].name](dataset, task, maps_seen)
    return findings


def _spread(size: int, count: int) -> list[int]:
    """At most ``count`` indices below ``size``, including the first and the last."""
    return sorted({int(place) for place in np.linspace(0, size - 1, min(count, size))}) if count and size else []


def implausible(dataset: Labelled, task: str, low: float, high: float) -> Finding | None:
    """The first number of a task outside ``low`` to ``high``, if the data set knows its numbers; None if there is none."""
    labels = dataset.known_labels().get(task)
    if labels is None:
        return None
    bad = np.flatnonzero((labels < low) | (labels > high))  # NaN (no label) is neither
    if not bad.size:
        return None
    more = f' ({bad.size} of {len(labels)} are)' if bad.size > 1 else ''
    return Finding(WRONG, task, dataset.where(int(bad[0]), task), f'is {labels[bad[0]]:g}, which is outside {low:g} to '
                                                                  f'{high:g}{more}: correct the labels.')


def _of_numbers(dataset: Labelled, task: str, labels: np.ndarray) -> list[Finding]:
    kind = dataset.kinds[task].name
    if kind == 'scalar':
        bad = np.flatnonzero(np.abs(labels) > LARGEST)
        return [Finding(WRONG, task, dataset.where(int(bad[0]), task), f'is {labels[bad[0]]:g}, which no float32 holds: '
                                                                       f'correct the label.')] if bad.size else []
    classes, there = dataset.num_classes.get(task), labels[labels >= 0].astype(np.int64)
    where = f"{dataset.name} '{dataset.split}'"
    if not there.size:
        return []
    counts = np.bincount(there, minlength=classes or 0)
    absent = np.flatnonzero(counts == 0)
    if dataset.split == 'train' and classes and absent.size and there.size >= ENOUGH * classes:
        return [Finding(ODD, task, where, f'has {_some(absent)} of {classes} in none of its {there.size} labels.')]
    return []


def _of_classes(dataset: Labelled, task: str, labels: Sequence[tuple[int, np.ndarray]]) -> list[Finding]:
    counts: np.ndarray = sum((np.bincount(label.ravel(), minlength=256) for _, label in labels), np.zeros(256, np.int64))
    ignored, total = int(counts[IGNORE]), int(counts.sum())
    present = np.flatnonzero(counts[:IGNORE])
    where = dataset.where(labels[0][0], task)
    share = f'{ignored / total:.0%} of the pixels are {IGNORE}, which means no label'
    if not present.size:
        return [Finding(ODD, task, where, f'has no labelled pixel in the {len(labels)} labels looked at ({share}).')]
    if present.size == 1 and (ignored or len(labels) > 2):
        classes = dataset.num_classes.get(task) or (2 if dataset.kinds[task].name != 'class_map' else 0)
        others = [number for number in range(classes) if number != present[0]]
        never = f'{_some(np.array(others))} never occurs' if others else 'no other class occurs'
        cure = f'; masks stored as 0 and {IGNORE} must be read as 0 and 1' if ignored else ''
        return [Finding(ODD, task, where, f'is class {present[0]} alone in the {len(labels)} labels looked at: {never}, and '
                                          f'{share}{cure}.')]
    if ignored > (1 - FEW) * total:
        return [Finding(ODD, task, where, f'is nearly empty in the {len(labels)} labels looked at: {share}.')]
    return []


def _of_depths(dataset: Labelled, task: str, labels: Sequence[tuple[int, np.ndarray]]) -> list[Finding]:
    medians = {index: float(np.median(label[label > 0])) for index, label in labels if (label > 0).any()}
    total = sum(label.size for _, label in labels)
    valid = sum(int((label > 0).sum()) for _, label in labels)
    found = []
    if valid < FEW * total:
        found.append(Finding(ODD, task, dataset.where(labels[0][0], task),
                             f'has a depth on {valid / total:.1%} of the pixels in the {len(labels)} labels looked at.'))
    if dataset.DEPTH_UNIT != 'm' or not medians:
        return found
    low, high = METRES
    far = max(medians, key=lambda index: medians[index])
    near = min(medians, key=lambda index: medians[index])
    if medians[far] > high:
        cure = f'if these are millimetres, give the data set {dataset.SCALE.format(task=task)}'
        found.append(Finding(WRONG, task, dataset.where(far, task),
                             f'has a median of {medians[far]:g} m, more than {high:g} m: {cure}, or convert the files.'))
    elif medians[near] < low:
        found.append(Finding(ODD, task, dataset.where(near, task), f'has a median of {medians[near]:g} m, less than {low:g} '
                                                                   f'm; is it in another unit, or a disparity?'))
    elif (top := max((float(label.max()), index) for index, label in labels))[0] > high:
        found.append(Finding(ODD, task, dataset.where(top[1], task),
                             f'reaches {top[0]:g} m, more than {high:g} m; a pixel without a depth must be 0.'))
    return found


def _of_normals(dataset: Labelled, task: str, labels: Sequence[tuple[int, np.ndarray]]) -> list[Finding]:
    share = float(np.mean([(label != 0).any(-1).mean() for _, label in labels]))
    if share >= FEW:
        return []
    return [Finding(ODD, task, dataset.where(labels[0][0], task),
                    f'has a normal on {share:.1%} of the pixels in the {len(labels)} labels looked at.')]


MAPS = {'class_map': _of_classes, 'binary_map': _of_classes, 'edge_map': _of_classes, 'depth': _of_depths,
        'normals': _of_normals}


def _some(numbers: Iterable[int], shown: int = 5) -> str:
    """'class 1' or 'classes 1, 2 and 8 more'."""
    listed = [str(int(number)) for number in numbers]
    more = f' and {len(listed) - shown} more' if len(listed) > shown else ''
    return f'{"class" if len(listed) == 1 else "classes"} {", ".join(listed[:shown])}{more}'
