"""Reduced label sets for experiments with missing labels: a seeded choice of the images that keep each label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np


@dataclass(frozen=True)
class KeptLabels:
    """The labels of a data set to keep; the others are served as absent and never read.

    Attributes:
        share: fraction of the images that keep all their labels; for an ``ArrayDataset`` with one classification task, the
            fraction of every class. None: all images.
        one_task: whether each image keeps the label of only one task, chosen uniformly.
        seed: seed of the choice. It does not depend on the run's seed, so that runs of several seeds share the labels.

    Raises:
        ValueError: a key is unknown, the share is not in 0 to 1, or neither option is given.
    """

    share: float | None = None
    one_task: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.share is not None and not 0 < self.share <= 1:
            raise ValueError(f'keep_labels: share={self.share} is no fraction above 0 and up to 1.')
        if self.share is None and not self.one_task:
            raise ValueError('keep_labels: give share=.1 (a tenth of the images keep their labels) or one_task=True (each '
                             'image keeps the label of one task).')

    @classmethod
    def of(cls, given: 'Mapping[str, Any] | KeptLabels | None') -> 'KeptLabels | None':
        """Convert the value from a config; None stays None."""
        if given is None or isinstance(given, KeptLabels):
            return given
        names = [field.name for field in fields(cls)]
        unknown = [key for key in given if key not in names]
        if unknown:
            raise ValueError(f"keep_labels has no '{unknown[0]}'; it has {', '.join(names)}.")
        return cls(**dict(given))

    def draw(self, tasks: Sequence[str], count: int, classes: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Which images keep the label of each task.

        Args:
            tasks: the tasks with labels in the data set.
            count: number of images N.
            classes: (N,) whole numbers; the same share of each class is kept.

        Returns:
            task -> (N,) bool.

        Raises:
            ValueError: the share leaves a class, or the whole set, without a label.
        """
        whole = np.ones(count, bool) if self.share is None else self._of_classes(
            np.zeros(count, np.int64) if classes is None else classes)
        if not self.one_task:
            return {task: whole.copy() for task in tasks}
        places = np.random.default_rng([self.seed, count, 1]).permutation(count) % len(tasks)
        return {task: whole & (places == number) for number, task in enumerate(tasks)}

    def _of_classes(self, classes: np.ndarray) -> np.ndarray:
        kept: np.ndarray = np.zeros(len(classes), bool)
        for number in np.unique(classes).tolist():
            members = np.flatnonzero(classes == number)
            size = round(float(self.share or 0) * len(members))
            if size < 1:
                raise ValueError(f'keep_labels: share={self.share} keeps none of the {len(members)} pictures'
                                 + (f' of class {number}' if len(np.unique(classes)) > 1 else '')
                                 + '; choose a larger share.')
            kept[np.random.default_rng([self.seed, number]).permutation(members)[:size]] = True
        return kept
