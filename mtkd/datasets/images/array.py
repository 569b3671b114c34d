"""Data sets of small images with image-level labels, kept in memory and served in batches."""

import os
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mtkd.structures import Batch, Sample, SampleMeta, Size

from ..base import BadData, Entry, Key, TaskDataset, index_and_draw

Arrays = tuple[np.ndarray, dict[str, np.ndarray], Sequence[str]]
CHUNK = 64  # files that a thread reads in one go
DTYPES = {'class_label': np.int64, 'scalar': np.float32}


class ArrayDataset(TaskDataset):
    """A split that fits into memory as one array of images and one of labels per task.

    An adapter implements :meth:`load_arrays`. Without a pipeline, whole batches are cut out of the arrays at once, bit-equal
    to the samples one by one; with a pipeline, samples are processed one by one. The argument ``cache`` has no effect:
    after :meth:`full_init`, everything is in memory, and forked workers share it.

    Args:
        args: see :class:`TaskDataset`.
        kwargs: see :class:`TaskDataset`.

    Raises:
        TypeError: a label on offer is not image-level.
        BadData (on use): the arrays do not match, or a class is out of range.
    """

    size: Size = (32, 32)  # (height, width) of all images

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wrong = [task for task, kind in self.reads.items() if kind.name not in DTYPES]
        if wrong:
            raise TypeError(f"{type(self).__name__} offers '{wrong[0]}' as {self.reads[wrong[0]].name}: an ArrayDataset "
                            f'holds labels of whole images ({", ".join(DTYPES)}).')
        self.cache = False
        self._images: Tensor | None = None
        self._labels: dict[str, Tensor] = {}

    @abstractmethod
    def load_arrays(self) -> Arrays:
        """The split: images (N, H, W, 3) uint8 RGB; for every task on offer, (N,) whole numbers with -1 for missing classes,
        or (N,) floats with NaN for missing numbers; and N sample ids."""

    @property
    def images(self) -> Tensor:
        """(N, 3, H, W) uint8."""
        self.full_init()
        assert self._images is not None
        return self._images

    @property
    def labels(self) -> dict[str, Tensor]:
        """Task -> (N,) in the form of a batch."""
        self.full_init()
        return self._labels

    def load_data_list(self) -> list[Entry]:
        """Read the arrays, check them, and number the samples."""
        images, labels, ids = self.load_arrays()
        self._check_arrays(images, labels, ids)
        labels = self._without_hidden_rows(labels)
        self._images = torch.from_numpy(images.transpose(0, 3, 1, 2).copy(order='C'))
        own = {task: np.array(labels[task], DTYPES[kind.name]) for task, kind in self.reads.items()}
        self._labels = {task: torch.from_numpy(self.class_maps[task].translate_all(values) if task in self.class_maps
                                               else values) for task, values in own.items()}
        return [{'sample_id': str(sample_id), 'number': number} for number, sample_id in enumerate(ids)]

    def restrict(self, entries: Sequence[Entry], rows: np.ndarray) -> list[Entry]:
        """See :class:`TaskDataset`; the arrays as well."""
        assert self._images is not None
        self._images = self._images[torch.from_numpy(rows)]
        self._labels = {task: labels[torch.from_numpy(rows)] for task, labels in self._labels.items()}
        return [{**entry, 'number': number} for number, entry in enumerate(super().restrict(entries, rows))]

    def _without_hidden_rows(self, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The labels without those that ``keep_labels`` hides; for a single classification task, it keeps a share of every
        class."""
        if self.keep_labels is None:
            return labels
        tasks = sorted(set(self.kinds) & set(self.OFFERS))
        single = len(tasks) == 1 and self.reads[tasks[0]].name == 'class_label'
        self.kept = self.keep_labels.draw(tasks, len(labels[tasks[0]]), np.asarray(labels[tasks[0]]) if single else None)
        none = {'class_label': -1, 'scalar': np.nan}
        return {task: np.where(self.kept[task], values, none[self.reads[task].name]) if task in self.kept else values
                for task, values in labels.items()}

    def _check_arrays(self, images: np.ndarray, labels: dict[str, np.ndarray], ids: Sequence[str]) -> None:
        where = f"{self.name} '{self.split}'"
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise BadData(f'{where}: images are (N, H, W, 3) uint8 RGB, these are {images.shape} {images.dtype}: '
                          f'convert them.')
        for task, kind in self.reads.items():
            values = np.asarray(labels[task])
            if not len(ids) == len(images) == len(values):
                raise BadData(f'{where}: there are {len(images)} images, {len(ids)} ids and {len(values)} labels of '
                              f'{task}: they must be as many.')
            known = self.stored_classes(task)
            classes = np.iinfo(np.int64).max if known is None else known
            if kind.name == 'class_label' and len(values) and not -1 <= values.min() <= values.max() < classes:
                bad = int(np.flatnonzero((values < -1) | (values >= classes))[0])
                raise BadData(f"{where}: sample '{ids[bad]}' has {task} {int(values[bad])}, allowed are 0 to {classes - 1} "
                              f'and -1 for none: repair the labels, or correct num_classes.')

    def known_labels(self) -> dict[str, np.ndarray]:
        """See :class:`TaskDataset`."""
        return {task: labels.numpy() for task, labels in self.labels.items() if task in self.serves}

    def read(self, entry: Entry) -> Sample:
        """One sample out of the arrays."""
        number = entry['number']
        image = np.ascontiguousarray(self.images[number].numpy().transpose(1, 2, 0))
        stored = {task: self.labels[task][number] for task in self.reads}
        targets = {task: stored[task].item() if bool(self.reads[task].valid(stored[task])) else None for task in stored}
        return Sample(image=image, targets=targets, meta=SampleMeta())

    @property
    def serves_batches(self) -> bool:
        """Whether :meth:`__getitems__` cuts whole batches: there is no pipeline."""
        return not self.pipeline

    def __getitems__(self, keys: Sequence[Key]) -> Any:
        """The batch of ``keys``; with a pipeline, packed samples one by one."""
        if not self.serves_batches:
            return super().__getitems__(keys)
        pairs = [index_and_draw(key) for key in keys]
        rows = np.array([index for index, _ in pairs], np.int64)
        if rows.size and not -len(self) <= rows.min() <= rows.max() < len(self):
            raise IndexError(f'{self.name} has {len(self)} samples, there is no number {rows.min()} or {rows.max()}')
        rows %= len(self)
        meta = [self._meta(index, draw) for index, (_, draw) in zip(rows.tolist(), pairs, strict=True)]
        taps = {**self.stored_taps(rows),
                **{name: of.take(rows, [entry['view'] for entry in meta]) for name, of in self.cached.items()}}
        targets, present = self._batch_of_labels(torch.from_numpy(rows))
        return Batch(image=self.images.index_select(0, torch.from_numpy(rows)), targets=targets, present=present, meta=meta,
                     teacher={name: {tap: torch.as_tensor(part) for tap, part in of.items()} for name, of in taps.items()})

    def _batch_of_labels(self, rows: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The targets of the batch and whether they are present, for every task of the union."""
        size = (self.images.shape[2], self.images.shape[3])
        targets, present = {}, {}
        for task, kind in self.kinds.items():
            if task in self.labels and task in self.serves:
                targets[task] = self.labels[task].index_select(0, rows)
                present[task] = kind.valid(targets[task])
            else:
                empty = kind.to_tensor(kind.empty(size))
                targets[task] = empty.expand(len(rows), *empty.shape).clone()
                present[task] = torch.zeros(len(rows), dtype=torch.bool)
        return targets, present

    def _meta(self, index: int, draw: int) -> SampleMeta:
        return {'dataset': self.name, 'sample_id': self.entries[index]['sample_id'], 'index': index,
                'original_size': (self.images.shape[2], self.images.shape[3]), 'crop': None, 'flip': False,
                'view': draw if self.views is None else draw % self.views}


def as_size(size: int | Size, of: str) -> Size:
    """(height, width); one number is the side of a square.

    Raises:
        ValueError: it is neither; the message names ``of``, the owner of the argument.
    """
    sides = (size, size) if isinstance(size, int) else tuple(size)
    if len(sides) != 2 or min(sides) < 1:
        raise ValueError(f'size={size} of {of}: use (height, width) in pixels, or the side of a square.')
    return int(sides[0]), int(sides[1])


def read_all(paths: Sequence[Path], read: Callable[[Path], np.ndarray], size: Size, what: str) -> np.ndarray:
    """(N, height, width, 3) uint8 of many small files, read by threads; the time is logged.

    Args:
        paths: the files.
        read: reads one file as (height, width) or (height, width, 3) uint8; decoders release the interpreter lock.
        size: (height, width).
        what: name of the data, for the log.
    """
    start = perf_counter()
    images: np.ndarray = np.empty((len(paths), *size, 3), np.uint8)

    def place(first: int) -> None:
        for number, path in enumerate(paths[first:first + CHUNK], first):
            image = read(path)
            images[number] = image if image.ndim == 3 else image[..., None]

    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        for _ in threads.map(place, range(0, len(paths), CHUNK)):  # re-raises errors of the threads
            pass
    print_log(f'{what}: {len(paths)} images read in {perf_counter() - start:.1f} s', 'current')
    return images


def stratified(labels: np.ndarray, share: int | float, seed: int, of: str) -> np.ndarray:
    """Which samples are held out, the same share of every class: (N,) bool, deterministic.

    Args:
        labels: (N,) classes.
        share: number of samples to hold out, or their fraction of all.
        seed: seed of the division.
        of: name of what is divided, for the errors.

    Raises:
        ValueError: ``share`` is out of range, or leaves a class without a sample on either side.
    """
    count = round(share * len(labels)) if isinstance(share, float) and 0 < share < 1 else share
    if not isinstance(count, int) or not 0 < count < len(labels):
        raise ValueError(f'{of}: cannot hold out {share} of {len(labels)} samples: use a whole number from 1 to '
                         f'{len(labels) - 1}, or a fraction between 0 and 1.')
    classes, sizes = np.unique(labels, return_counts=True)
    exact = sizes * (count / len(labels))
    taken = np.floor(exact).astype(int)
    taken[np.argsort(taken - exact, kind='stable')[:count - int(taken.sum())]] += 1  # largest remainders
    held: np.ndarray = np.zeros(len(labels), bool)
    for number, size, part in zip(classes.tolist(), sizes.tolist(), taken.tolist(), strict=True):
        if not 0 < part < size:
            raise ValueError(f'{of}: holding out {share} of {len(labels)} samples takes {part} of the {size} of class '
                             f'{number}: choose a share that leaves every class some on both sides.')
        members = np.flatnonzero(labels == number)
        held[np.random.default_rng([seed, number]).permutation(members)[:part]] = True
    return held
