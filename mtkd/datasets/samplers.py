"""Samplers, which compute the samples of a batch as a function of its index.

Training batches are addressed by position: global batch ``b`` is the same list of samples on any number of ranks, and a
resumed training starts at batch ``b`` without replaying those before. A config writes::

    train_dataloader = dict(
        dataset=dict(type='NYUDMT', ...), batch_size=8, num_workers=4,
        sampler=dict(type='ShuffleSampler'),
        batch_sampler=dict(type='InfiniteBatchSampler', drop_last=True),
        collate_fn=dict(type='mtkd_collate'))
    val_dataloader = dict(
        dataset=dict(type='NYUDMT', split='val', ...), batch_size=1, num_workers=4,
        sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'))

``batch_size`` is per rank. The sampler defines the contents of a global batch (:class:`ShuffleSampler` for one data set,
``MixSampler`` and ``HomogeneousBatchSampler`` of :mod:`mtkd.datasets.multi` for several); the batch sampler divides it
among ranks, never ends, and can start at any batch.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sized
from itertools import count
from typing import Any

import numpy as np
from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mtkd.registry import DATA_SAMPLERS


class PositionSampler(Sampler, ABC):
    """Defines the samples of global batch ``b``.

    Args:
        dataset: the data set to sample from. A :class:`~mtkd.datasets.base.TaskDataset` without its own seed uses
            this one for its augmentation.
        seed: seed of the order; None: 0.
    """

    def __init__(self, dataset: Sized, seed: int | None = None) -> None:
        self.dataset = dataset
        self.seed = int(seed or 0)
        adopt = getattr(dataset, 'adopt_seed', None)
        if adopt is not None:
            adopt(self.seed)

    @abstractmethod
    def batch(self, number: int, total: int, drop_last: bool = True) -> list[Any]:
        """The ``total`` keys of global batch ``number``; with ``drop_last``, the remainder of an epoch is dropped."""

    @abstractmethod
    def batches_per_epoch(self, total: int, drop_last: bool = True) -> int:
        """Number of global batches of ``total`` samples in one pass, at least 1."""

    def __len__(self) -> int:
        return len(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        name = type(self).__name__
        raise TypeError(f"{name} says what a batch holds and forms none itself: add "
                        f"batch_sampler=dict(type='InfiniteBatchSampler') to the dataloader.")


class EndlessOrder:
    """The endless sequence of one data set's (index, epoch): a sequence of seeded permutations.

    Args:
        length: size of the data set.
        seed: numbers that, with the epoch, seed a permutation.
        shuffle: False: each epoch in the data set's order.

    Raises:
        ValueError: the data set is empty.
    """

    def __init__(self, length: int, seed: tuple[int, ...], shuffle: bool = True) -> None:
        if length < 1:
            raise ValueError('a data set without samples cannot be sampled: check its split.')
        self.length, self.seed, self.shuffle = length, seed, shuffle
        self._kept: dict[int, np.ndarray] = {}

    def epoch(self, number: int) -> np.ndarray:
        """(length,) the order of one epoch; the last two are cached."""
        if number not in self._kept:
            order = np.arange(self.length)
            if self.shuffle:
                order = np.random.default_rng([*self.seed, number]).permutation(self.length)
            self._kept = {k: v for k, v in self._kept.items() if k == number - 1}
            self._kept[number] = order
        return self._kept[number]

    def keys(self, start: int, stop: int, used: int | None = None) -> list[tuple[int, int]]:
        """(index, epoch) of positions ``start`` to ``stop``; only the first ``used`` of each epoch are used."""
        used = used or self.length
        keys = []
        for position in range(start, stop):
            epoch, place = divmod(position, used)
            keys.append((int(self.epoch(epoch)[place]), epoch))
        return keys


@DATA_SAMPLERS.register_module()
class ShuffleSampler(PositionSampler):
    """One data set, each sample at most once per epoch, in a seeded order.

    With ``drop_last``, an epoch has ⌊N / total⌋ batches and the remaining samples are skipped; without it, or if a batch is
    larger than the data set, positions continue into the next epoch.

    Args:
        dataset: the data set to sample from.
        seed: seed of the order; None: 0.
        shuffle: False: in the data set's order.
    """

    def __init__(self, dataset: Sized, seed: int | None = None, shuffle: bool = True) -> None:
        super().__init__(dataset, seed)
        self.order = EndlessOrder(len(dataset), (self.seed,), shuffle)

    def batch(self, number: int, total: int, drop_last: bool = True) -> list[Any]:
        used = self.order.length // total * total if drop_last else 0
        return list(self.order.keys(number * total, (number + 1) * total, used or None))

    def batches_per_epoch(self, total: int, drop_last: bool = True) -> int:
        return max(self.order.length // total if drop_last else -(-self.order.length // total), 1)


class LabelledOrder:
    """Two endless orders of one data set: one for its samples with a label, and one for those without.

    Args:
        dataset: a :class:`~mtkd.datasets.base.TaskDataset` with ``keep_labels``.
        seed: numbers that, with the part and the epoch, seed a permutation.

    Raises:
        ValueError: the data set hides no labels.
    """

    def __init__(self, dataset: Any, seed: tuple[int, ...]) -> None:
        dataset.full_init()
        if not getattr(dataset, 'kept', None):
            raise ValueError(f'{dataset.name}: samples with and without a label are drawn separately only if keep_labels '
                             'hides some: give the data set keep_labels, or leave labelled out of the sampler '
                             '(LabelledSampler: use ShuffleSampler).')
        self.name = dataset.name
        has = np.any(list(dataset.kept.values()), axis=0)
        self.parts = [np.flatnonzero(has), np.flatnonzero(~has)]
        self.orders = [EndlessOrder(len(part), (*seed, number)) if len(part) else None
                       for number, part in enumerate(self.parts)]

    def quota(self, total: int, labelled: int | None) -> tuple[int, int]:
        """The number of samples with and without a label among ``total``; ``labelled=None``: all with a label.

        Raises:
            ValueError: ``labelled`` does not match ``total``, or every sample has a label.
        """
        of = total if labelled is None else labelled
        if not 0 < of <= total or (of < total and self.orders[1] is None):
            hint = '' if self.orders[1] else '; every sample has one, so leave it out'
            raise ValueError(f'{self.name}, labelled={labelled}: of {total} samples in a batch between 1 and {total} have a '
                             f'label{hint}.')
        return of, total - of

    def keys(self, number: int, quota: tuple[int, int]) -> list[tuple[int, int]]:
        """(index, epoch) of the samples of batch ``number``: those with a label first."""
        return [(int(part[index]), epoch) for part, order, count in zip(self.parts, self.orders, quota, strict=True)
                if order is not None and count for index, epoch in order.keys(number * count, (number + 1) * count)]

    def batches_per_epoch(self, quota: tuple[int, int]) -> int:
        """Batches in one pass over the part that takes longest."""
        return max(-(-len(part) // count) for part, count in zip(self.parts, quota, strict=True) if count)


@DATA_SAMPLERS.register_module()
class LabelledSampler(PositionSampler):
    """Each batch holds a fixed number of samples with a label and the rest are samples without one.

    For data sets whose labels are partly hidden (``keep_labels``): both kinds have their own order, so that every batch has
    labels, however many images have none. An epoch is one pass over the kind that takes longest. The samples of a batch are
    shuffled, so that every rank sees both.

    Args:
        dataset: a :class:`~mtkd.datasets.base.TaskDataset` with ``keep_labels``.
        seed: seed of the order; None: 0.
        labelled: number of samples of a global batch with a label; None: all, which trains on the labelled part.

    Raises:
        ValueError: the data set hides no labels, or, on use, ``labelled`` does not match the batch.
    """

    def __init__(self, dataset: Any, seed: int | None = None, labelled: int | None = None) -> None:
        super().__init__(dataset, seed)
        self.labelled = labelled
        self.order = LabelledOrder(dataset, (self.seed,))

    def quota(self, total: int) -> tuple[int, int]:
        """The numbers of samples with and without a label in a batch."""
        return self.order.quota(total, self.labelled)

    def batch(self, number: int, total: int, drop_last: bool = True) -> list[Any]:
        keys = self.order.keys(number, self.quota(total))
        places = np.random.default_rng([self.seed, 2, number]).permutation(total)
        return [keys[place] for place in places]

    def batches_per_epoch(self, total: int, drop_last: bool = True) -> int:
        return self.order.batches_per_epoch(self.quota(total))


@DATA_SAMPLERS.register_module()
class InfiniteBatchSampler(Sampler):
    """An endless sequence of this rank's batches, which can start at any batch.

    Of W ranks with ``batch_size`` B each, rank r takes positions r·B to (r+1)·B of each global batch of W·B samples: two
    ranks with batch B/2 together see the same samples as one process with batch B.

    Args:
        sampler: defines the contents of a global batch.
        batch_size: samples per rank.
        drop_last: whether the remaining samples of an epoch are dropped or share a batch with the next epoch.
        rank: this rank's number; None: the process group's.
        world_size: number of ranks; None: the process group's.
        start: number of the first batch.

    Raises:
        TypeError: the sampler is not one of ours.
        ValueError: the batch size is not positive.
    """

    def __init__(self, sampler: PositionSampler, batch_size: int, drop_last: bool = True, rank: int | None = None,
                 world_size: int | None = None, start: int = 0) -> None:
        if not isinstance(sampler, PositionSampler):
            raise TypeError(f'InfiniteBatchSampler needs a sampler that says what a batch holds (ShuffleSampler, '
                            f'MixSampler, HomogeneousBatchSampler), not {type(sampler).__name__}.')
        if batch_size < 1:
            raise ValueError(f'InfiniteBatchSampler: batch_size={batch_size}, it must be 1 or more.')
        group_rank, group_size = get_dist_info()
        self.rank = group_rank if rank is None else rank
        self.world_size = group_size if world_size is None else world_size
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last
        self.start_at(start)

    @property
    def total(self) -> int:
        """Samples in a global batch."""
        return self.batch_size * self.world_size

    def start_at(self, iteration: int) -> None:
        """Start the next iteration over this sampler at batch ``iteration``, at no cost."""
        self.start = iteration

    def batch(self, number: int) -> list[Any]:
        """This rank's keys of global batch ``number``."""
        keys = self.sampler.batch(number, self.total, self.drop_last)
        return keys[self.rank * self.batch_size:(self.rank + 1) * self.batch_size]

    def __iter__(self) -> Iterator[list[Any]]:
        return (self.batch(number) for number in count(self.start))

    def __len__(self) -> int:
        return self.sampler.batches_per_epoch(self.total, self.drop_last)


@DATA_SAMPLERS.register_module()
class EvalSampler(Sampler):
    """Every sample exactly once over all ranks, in order: rank r of W takes r, r + W, r + 2W, …

    No samples are repeated to equalise the ranks, so their numbers may differ by one.

    Args:
        dataset: the data set to evaluate.
        seed: not used; MMEngine passes it to every sampler.
        rank: this rank's number; None: the process group's.
        world_size: number of ranks; None: the process group's.
    """

    def __init__(self, dataset: Sized, seed: int | None = None, rank: int | None = None,
                 world_size: int | None = None) -> None:
        group_rank, group_size = get_dist_info()
        self.rank = group_rank if rank is None else rank
        self.world_size = group_size if world_size is None else world_size
        self.dataset = dataset

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.rank, len(self.dataset), self.world_size))

    def __len__(self) -> int:
        return len(range(self.rank, len(self.dataset), self.world_size))
