"""Several data sets in one loader: their union, and samplers that mix batches from them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from mtkd.registry import DATA_SAMPLERS, DATASETS
from mtkd.structures import TargetKind, interleave

from .base import TaskDataset
from .samplers import EndlessOrder, LabelledOrder, PositionSampler


@DATASETS.register_module()
class MultiDataset(Dataset):
    """The union of several data sets with the same tasks; labels are absent for tasks that a set does not have.

    Args:
        datasets: data sets or their configs, with different names (``meta['dataset']``).
        tasks: task -> kind; passed to every config without tasks. A set with fewer tasks than the union serves the others
            as absent.
        seed: seed of the augmentation, for the sets that have none.

    Raises:
        ValueError: there are no data sets, two have one name, or they disagree on a task's kind or classes.
    """

    def __init__(self, datasets: Sequence[Any], tasks: Mapping[str, TargetKind | str] | None = None,
                 seed: int | None = None) -> None:
        if not datasets:
            raise ValueError('MultiDataset needs at least one data set.')
        default = {'tasks': tasks} if tasks is not None else None
        self.datasets: list[TaskDataset] = [
            DATASETS.build(d, default_args=default) if isinstance(d, Mapping) else d for d in datasets]
        names = [d.name for d in self.datasets]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"MultiDataset holds '{twice[0]}' more than once: give each its own name=.")
        self.kinds: dict[str, TargetKind] = {}
        for dataset in self.datasets:
            for task, kind in dataset.kinds.items():
                if self.kinds.setdefault(task, kind).name != kind.name:
                    raise ValueError(f"task '{task}' is {self.kinds[task].name} in one data set and {kind.name} in "
                                     f'{dataset.name}: give them different task names.')
        _check_label_spaces(self.datasets)
        for dataset in self.datasets:
            dataset.kinds = dict(self.kinds)  # what a set serves does not change
        if seed is not None:
            self.adopt_seed(seed)

    @property
    def name(self) -> str:
        """The joined names of the sets."""
        return '+'.join(d.name for d in self.datasets)

    @property
    def metainfo(self) -> dict[str, Any]:
        """The union's tasks, and each data set's own metainfo under ``datasets``."""
        return {'dataset': self.name, 'tasks': {task: kind.name for task, kind in self.kinds.items()},
                'datasets': {d.name: d.metainfo for d in self.datasets}}

    @property
    def sizes(self) -> list[int]:
        """Number of samples of each set."""
        return [len(d) for d in self.datasets]

    def full_init(self) -> None:
        """Initialise every set."""
        for dataset in self.datasets:
            dataset.full_init()
        _check_sources(self.datasets)
        _check_label_spaces(self.datasets)  # some sets read the names of their classes from files

    def adopt_seed(self, seed: int) -> None:
        """Set the run's seed for sets without one."""
        for dataset in self.datasets:
            dataset.adopt_seed(seed)

    def locate(self, index: int) -> tuple[int, int]:
        """(data set, index in it) of an index into the concatenated sets.

        Raises:
            IndexError: the sample does not exist.
        """
        if index >= 0:
            for number, size in enumerate(self.sizes):
                if index < size:
                    return number, index
                index -= size
        raise IndexError(f'{self.name} has {len(self)} samples, there is no such number')

    def __len__(self) -> int:
        return sum(self.sizes)

    def __getitem__(self, key: int | tuple[int, int, int]) -> dict[str, Any]:
        """The packed sample of (data set, index, draw), or of an index into the concatenated sets with draw 0."""
        number, index, draw = self._located(key)
        return self.datasets[number][index, draw]

    def __getitems__(self, keys: Sequence[int | tuple[int, int, int]]) -> Any:
        """The batch of ``keys``, with one request per set; packed samples if a set does not serve batches."""
        located = [self._located(key) for key in keys]
        places: dict[int, list[int]] = defaultdict(list)
        for place, (number, _, _) in enumerate(located):
            places[number].append(place)
        if not all(self.datasets[number].serves_batches for number in places):
            return [self[key] for key in located]
        parts = [self.datasets[number].__getitems__([located[place][1:] for place in of]) for number, of in places.items()]
        return interleave(parts, list(places.values()))

    def _located(self, key: int | tuple[int, int, int]) -> tuple[int, int, int]:
        return key if isinstance(key, tuple) else (*self.locate(key), 0)


def _check_label_spaces(datasets: Sequence[TaskDataset]) -> None:
    """Check that all sets have the same classes for a task; a set with a label map has the task's classes.

    Raises:
        ValueError: the number or the names of the classes differ between two sets.
    """
    first: dict[str, tuple[str, int | None, tuple[str, ...] | None]] = {}
    for dataset in datasets:
        about = dataset.metainfo
        for task in sorted(dataset.serves):
            count, names = about['num_classes'].get(task), about['classes'].get(task)
            name, count_before, names_before = first.setdefault(task, (dataset.name, count, names))
            cure = (f"these are two label spaces. Give the tasks different names, or translate the classes of one set with "
                    f"label_maps=dict({task}={{0: 0, 1: None, …}}), its class -> the task's class.")
            if None not in (count, count_before) and count != count_before:
                raise ValueError(f"'{task}' has {count_before} classes in {name} and {count} in {dataset.name}: {cure}")
            if names and names_before:
                differ = [n for n, (a, b) in enumerate(zip(names_before, names, strict=False)) if _plain(a) != _plain(b)]
                if differ:
                    raise ValueError(f"class {differ[0]} of '{task}' is '{names_before[differ[0]]}' in {name} and "
                                     f"'{names[differ[0]]}' in {dataset.name}: {cure}")


def _check_sources(datasets: Sequence[TaskDataset]) -> None:
    """Check that no file is read by two adapters; parts or splits of one file are read by the same adapter.

    Raises:
        ValueError: two data sets of different types read one file.
    """
    readers: dict[str, TaskDataset] = {}
    for dataset in datasets:
        for file in getattr(dataset, 'sources', ()):
            other = readers.setdefault(file, dataset)
            if type(other) is not type(dataset):
                raise ValueError(f"{file} is read by two adapters, {type(other).__name__} ('{other.name}') and "
                                 f"{type(dataset).__name__} ('{dataset.name}'), so that its samples would count twice: take "
                                 'one '
                                 'of the data sets out.')


def _plain(name: str) -> str:
    return ''.join(letter for letter in str(name).casefold() if letter.isalnum())


def shares(sizes: Sequence[int], by: str) -> np.ndarray:
    """The share of each set, with sum 1: in proportion to the ``sqrt`` of its size, its ``size``, or ``equal``."""
    rules = {'sqrt': np.sqrt, 'size': np.asarray, 'equal': np.ones_like}
    if by not in rules:
        raise ValueError(f"there is no rule '{by}' for mixing data sets: use {', '.join(rules)}, or whole numbers.")
    weight = np.asarray(rules[by](np.asarray(sizes, np.float64)), np.float64)
    return weight / weight.sum()


def apportion(share: np.ndarray, total: int) -> list[int]:
    """Whole numbers that sum to ``total`` in proportion to ``share``, each at least 1 (largest remainders).

    Raises:
        ValueError: ``total`` is smaller than the number of sets.
    """
    if total < len(share):
        raise ValueError(f'a batch of {total} samples cannot hold {len(share)} data sets: make it larger, or use '
                         f'HomogeneousBatchSampler.')
    exact: np.ndarray = share * (total - len(share))  # each set first gets one place
    counts = np.floor(exact).astype(int)
    largest = np.argsort(-(exact - counts), kind='stable')[:total - len(share) - int(counts.sum())]
    counts[largest] += 1
    return [int(c) + 1 for c in counts]


class _MultiSampler(PositionSampler):
    """Base class of the samplers over a :class:`MultiDataset`: an endless order of each set."""

    def __init__(self, dataset: MultiDataset, seed: int | None = None) -> None:
        super().__init__(dataset, seed)
        if not isinstance(dataset, MultiDataset):
            raise TypeError(f'{type(self).__name__} draws from a MultiDataset, not from {type(dataset).__name__}: '
                            f'use ShuffleSampler there.')
        self.sizes = dataset.sizes
        self.orders = [EndlessOrder(size, (self.seed, number)) for number, size in enumerate(self.sizes)]

    def _keys(self, number: int, start: int, stop: int, used: int | None = None) -> list[tuple[int, int, int]]:
        return [(number, index, epoch) for index, epoch in self.orders[number].keys(start, stop, used)]


@DATA_SAMPLERS.register_module()
class MixSampler(_MultiSampler):
    """Each batch holds a fixed number of samples of every set; smaller sets are repeated more often.

    An epoch is one pass over the set that takes longest. The samples of a batch are shuffled, so that every rank sees
    all sets.

    Args:
        dataset: the union.
        seed: seed of the order; None: 0.
        quotas: whole numbers, one per set, that sum to the global batch size; or a rule: ``'sqrt'``, ``'size'`` or
            ``'equal'``, with at least one sample per set.
        labelled: one number per set: how many of its samples in a batch have a label. The set needs ``keep_labels``, and the
            rest of its samples have a hidden label, as in ``LabelledSampler``; with the number of the set's samples, it
            trains on its labelled part only. None, or None for a set: sampled independently of labels.

    Raises:
        ValueError: ``labelled`` does not have one number per set, or a set with a number hides no labels.

    Source: fact sheet 1.4.2 (proportional to the square root of the size).
    """

    def __init__(self, dataset: MultiDataset, seed: int | None = None, quotas: str | Sequence[int] = 'sqrt',
                 labelled: Sequence[int | None] | None = None) -> None:
        super().__init__(dataset, seed)
        self.quotas = quotas
        self.labelled = [None] * len(self.sizes) if labelled is None else list(labelled)
        if len(self.labelled) != len(self.sizes):
            raise ValueError(f'MixSampler(labelled={self.labelled}): give one number, or None, for each of the '
                             f'{len(self.sizes)} data sets.')
        self.apart = {which: LabelledOrder(dataset.datasets[which], (self.seed, which))
                      for which, count in enumerate(self.labelled) if count is not None}

    def quota(self, total: int) -> list[int]:
        """The number of samples of each set in a batch of ``total``.

        Raises:
            ValueError: the given numbers do not match the sets or the batch.
        """
        if isinstance(self.quotas, str):
            return apportion(shares(self.sizes, self.quotas), total)
        quota = [int(q) for q in self.quotas]
        if len(quota) != len(self.sizes) or sum(quota) != total or min(quota) < 1:
            raise ValueError(f'MixSampler(quotas={quota}): give one positive number for each of the {len(self.sizes)} '
                             f'data sets, summing to the global batch of {total}.')
        return quota

    def batch(self, number: int, total: int, drop_last: bool = True) -> list[Any]:
        keys: list[tuple[int, int, int]] = []
        for which, count in enumerate(self.quota(total)):
            if which in self.apart:
                order = self.apart[which]
                keys += [(which, index, epoch)
                         for index, epoch in order.keys(number, order.quota(count, self.labelled[which]))]
            else:
                keys += self._keys(which, number * count, (number + 1) * count)
        places = np.random.default_rng([self.seed, len(self.sizes), number]).permutation(total)
        return [keys[place] for place in places]

    def batches_per_epoch(self, total: int, drop_last: bool = True) -> int:
        return max(self.apart[which].batches_per_epoch(self.apart[which].quota(count, self.labelled[which]))
                   if which in self.apart else -(-self.sizes[which] // count)
                   for which, count in enumerate(self.quota(total)))


@DATA_SAMPLERS.register_module()
class HomogeneousBatchSampler(_MultiSampler):
    """Each batch comes from one set, for sets whose images differ in size.

    An epoch has as many batches as the sets have together; the rule determines the number for each set (at least one). The
    order is seeded and the same on all ranks.

    Args:
        dataset: the union.
        seed: seed of the order; None: 0.
        quotas: ``'size'`` (every sample once per epoch), ``'sqrt'`` or ``'equal'``.
    """

    def __init__(self, dataset: MultiDataset, seed: int | None = None, quotas: str = 'size') -> None:
        super().__init__(dataset, seed)
        self.quotas = quotas

    def _passes(self, total: int) -> list[int]:
        """Number of whole batches in each set, at least 1."""
        return [max(size // total, 1) for size in self.sizes]

    def quota(self, total: int) -> list[int]:
        """Number of batches of each set in an epoch."""
        passes = self._passes(total)
        return passes if self.quotas == 'size' else apportion(shares(self.sizes, self.quotas), sum(passes))

    def batch(self, number: int, total: int, drop_last: bool = True) -> list[Any]:
        quota = self.quota(total)
        epoch, place = divmod(number, sum(quota))
        plan: np.ndarray = np.repeat(np.arange(len(quota)), quota)
        plan = np.random.default_rng([self.seed, len(quota), epoch]).permutation(plan)
        which = int(plan[place])
        before = epoch * quota[which] + int((plan[:place] == which).sum())
        used = self.sizes[which] // total * total if drop_last else 0
        return list(self._keys(which, before * total, (before + 1) * total, used or None))

    def batches_per_epoch(self, total: int, drop_last: bool = True) -> int:
        return sum(self.quota(total))


def leaves(dataset: Any) -> Iterator[TaskDataset]:
    """The elementary data sets of a data set."""
    for part in getattr(dataset, 'datasets', None) or [dataset]:
        if part is dataset:
            yield part
        else:
            yield from leaves(part)
