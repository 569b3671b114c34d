"""Base class of data sets with image-level labels: label maps, parts, domains, and tolerance of broken files."""

import logging
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mtkd.registry import TRANSFORMS
from mtkd.structures import KINDS, Sample, SampleMeta, Size, TargetKind

from ..base import BadData, Entry, Key, TaskDataset, index_and_draw
from ..label_map import LabelMap, told
from .picture_store import PictureStore

IMAGE_LEVEL = ('class_label', 'scalar')
NO_LABEL = {'class_label': -1, 'scalar': float('nan')}  # kind -> value of a missing label in an array
MAIN = 'main'  # the domain of the images as they are


class AttributeDataset(TaskDataset):
    """Images with class and numeric labels, any of which may be missing.

    An adapter sets :attr:`OFFERS` (its fields and their kinds), :attr:`LABEL_MAPS`, :attr:`LIMITS` and :attr:`CLASSES`
    of its fields, and implements :meth:`records`, and :meth:`picture` if images are not separate files.

    An image that cannot be decoded does not end a run: it is replaced by a black one with all labels absent, counted, and
    named once in the log. After more than ``max_broken`` of them (over all workers of a process) the run stops. Missing
    files are reported at the start, as in every data set.

    Args:
        tasks: see :class:`TaskDataset`. A field of numbers may serve a classification task, and vice versa, if
            ``label_maps`` converts the values.
        data_root: see :class:`TaskDataset`.
        split: see :class:`TaskDataset`.
        pipeline: see :class:`TaskDataset`.
        seed: see :class:`TaskDataset`.
        cache: see :class:`TaskDataset`; images are kept at ``size``, after the domain shift.
        num_classes: task -> number of classes; by default that of the label map.
        views: see :class:`TaskDataset`.
        name: see :class:`TaskDataset`.
        size: (height, width) to which images are resized on reading, without keeping the aspect ratio.
        label_maps: task -> dictionary or groups, see :class:`~mtkd.datasets.label_map.LabelMap`; replaces the data set's.
        fields: task -> field of the data set, None for no field; by default the field with the task's name.
        unknown: how to treat values that are not in a label map: ``'missing'`` (one warning with their counts), or
            ``'error'``.
        parts: divide the split into random, disjoint parts and serve one of them: the number of parts, or their shares.
        part: index of the served part, from 0.
        part_seed: seed of the division; must be the same for all data sets that divide one split among them.
        keep: tasks whose labels are served; the others are hidden. None: all. ``()`` makes an unlabelled set.
        domains: name -> transform (or its config) that converts an image to that domain; applied once, on reading.
        domain: the domain of this set; ``'main'`` means unchanged images.
        max_broken: maximum number of unreadable images.
        limit: see :class:`TaskDataset`.
        exif: see :class:`TaskDataset`.
        keep_labels: see :class:`TaskDataset`.

    Raises:
        ValueError: an argument names a task, field, domain or part that does not exist; a field cannot serve its task; a
            label map gives classes that the task does not have.
        BadData (on use): no task that should have labels has any; a class is out of range; more than ``max_broken`` images
            cannot be read.
    """

    LABEL_MAPS: dict[str, Any] = {}  # field -> rule of LabelMap
    LIMITS: dict[str, tuple[float, float]] = {}  # field -> range to which numbers are clamped

    def __init__(self, tasks: Mapping[str, TargetKind | str] | None = None, data_root: str | Path = '',
                 split: str = 'train', pipeline: Sequence[Any] = (), seed: int | None = None,
                 cache: bool | str = False, num_classes: Mapping[str, int] | None = None, views: int | None = None,
                 name: str | None = None, *, size: Size = (64, 64), label_maps: Mapping[str, Any] | None = None,
                 fields: Mapping[str, str | None] | None = None, unknown: str = 'missing',
                 parts: int | Sequence[float] | None = None, part: int | None = None, part_seed: int = 0,
                 keep: Sequence[str] | None = None, domains: Mapping[str, Any] | None = None, domain: str = MAIN,
                 max_broken: int = 10, limit: int | None = None, exif: str | None = None,
                 keep_labels: Mapping[str, Any] | None = None) -> None:
        kind = type(self).__name__
        if unknown not in ('missing', 'error'):
            raise ValueError(f"unknown={unknown!r} of {kind}: use 'missing' or 'error'.")
        self.keep = None if keep is None else tuple(keep)
        offers = self.offered(tasks)
        own = self._fields(offers, tasks, fields or {})
        self.OFFERS = self._served_kinds(offers, own, tasks, label_maps or {})
        self.CLASSES = {task: self.CLASSES[field] for task, field in own.items()
                        if field in self.CLASSES and task not in (label_maps or {})}
        super().__init__(tasks, data_root, split, pipeline, seed, cache, num_classes, views, name, exif=exif,
                         keep_labels=keep_labels, limit=limit)
        self.fields = {task: own[task] for task, reads in self.reads.items() if reads.name in IMAGE_LEVEL}
        self.size = (int(size[0]), int(size[1]))
        self.unknown, self.max_broken = unknown, max_broken
        self.maps = {task: LabelMap(reads.name, (label_maps or {}).get(task, self.LABEL_MAPS.get(own[task])),
                                    self.LIMITS.get(own[task]), f"the label map of {self.name} for '{task}'")
                     for task, reads in self.reads.items() if task in self.fields}
        self._check_names('label_maps', label_maps or {}, offers)
        self._check_names('keep', keep or (), offers)
        self._check_classes()
        self.division = self._division(parts, part, part_seed)
        self.domain, self.shift = domain, self._shift(domain, domains or {})
        self._images: np.ndarray | None = None  # (N, H, W, 3), with cache='preload'
        self._store: PictureStore | None = None
        self.unreadable: Tensor | None = None  # (N,) uint8 in shared memory: 1 where an image turned out to be broken

    # To be implemented by an adapter.

    def offered(self, tasks: Mapping[str, TargetKind | str] | None) -> dict[str, str]:
        """The data set's fields and their kinds; ``tasks`` are the requested ones."""
        return dict(self.OFFERS)

    @abstractmethod
    def records(self) -> list[Entry]:
        """The split's samples: ``sample_id``, ``files`` with the image's path, and ``values``: field -> raw value."""

    def picture(self, entry: Entry) -> np.ndarray:
        """(H, W, 3) uint8 RGB of one sample, of any size.

        Raises:
            BadData: it cannot be decoded.
        """
        return self.read_image(entry['files']['image'])

    # Arguments.

    def _fields(self, offers: Mapping[str, str], tasks: Mapping[str, Any] | None,
                fields: Mapping[str, str | None]) -> dict[str, str]:
        """Task -> field, for the tasks that have one."""
        for task, field in fields.items():
            if field is not None and field not in offers:
                raise ValueError(f"{type(self).__name__}(fields=…) reads '{task}' from '{field}', which it does not have; "
                                 f'it has {", ".join(offers)}.')
        asked = dict.fromkeys([*(tasks or {}), *offers])
        chosen = {task: fields.get(task, task) for task in asked}
        return {task: field for task, field in chosen.items() if field is not None and field in offers}

    def _served_kinds(self, offers: Mapping[str, str], own: Mapping[str, str], tasks: Mapping[str, Any] | None,
                      label_maps: Mapping[str, Any]) -> dict[str, str]:
        """Task -> kind of its labels: that of its field, or the requested one if a label map converts to it."""
        kinds = {}
        for task, field in own.items():
            asked = (tasks or {}).get(task, offers[field])
            asked = asked if isinstance(asked, str) else asked.name
            kinds[task] = offers[field]
            if asked != offers[field] and asked in IMAGE_LEVEL:
                if label_maps.get(task) is None:
                    example = '[(0, 2), (4, 6), …]' if asked == 'class_label' else "{'0-2': 1, '3-9': 6, …}"
                    raise ValueError(
                        f"{type(self).__name__} has '{field}' as {_spoken(offers[field])}, the task '{task}' wants "
                        f'{_spoken(asked)}: say how, as in label_maps=dict({task}={example}).')
                kinds[task] = asked
        return kinds

    def _kinds(self, tasks: Mapping[str, TargetKind | str]) -> dict[str, TargetKind]:
        """See :class:`TaskDataset`; a set whose labels are hidden by ``keep`` may have tasks that it does not offer."""
        if self.keep is not None and not set(tasks) & {*self.OFFERS, *self.keep}:
            return {task: KINDS[kind] if isinstance(kind, str) else kind for task, kind in tasks.items()}
        return super()._kinds(tasks)

    def _check_names(self, argument: str, names: Any, offers: Mapping[str, str]) -> None:
        for name in names:
            if name not in self.kinds and name not in offers:
                raise ValueError(f"{self.name}: {argument} names '{name}', which is neither a task "
                                 f'({", ".join(self.kinds)}) nor a field of {type(self).__name__} ({", ".join(offers)}).')

    def _check_classes(self) -> None:
        """Compare the label maps with the numbers of classes, and take missing numbers from them."""
        for task, label_map in self.maps.items():
            names, asked = self.CLASSES.get(task), self.num_classes.get(task)
            if names is not None and asked is not None and len(names) != asked and task in self.serves:
                raise ValueError(f"{self.name} labels '{task}' with {len(names)} classes ({', '.join(names)}), the task "
                                 f"'{task}' has {asked}: these are two label spaces. Set num_classes={len(names)}, or "
                                 f'translate with label_maps=dict({task}={{…}}) of the data set.')
            known = label_map.num_classes
            if known is not None and known > self.num_classes.setdefault(task, known):
                raise ValueError(f"{label_map.where} gives class {known - 1}, but the task has {self.num_classes[task]} "
                                 f'classes (0 to {self.num_classes[task] - 1}): change label_maps or num_classes.')

    def _division(self, parts: int | Sequence[float] | None, part: int | None,
                  seed: int) -> tuple[list[float], int, int] | None:
        """(shares, number, seed) of the part to serve, or None for all."""
        if parts is None and part is None:
            return None
        shares = [1.0] * parts if isinstance(parts, int) else [float(share) for share in parts or ()]
        if part is None or not 0 <= part < len(shares) or min(shares) <= 0:
            raise ValueError(f'{self.name}: part={part}, parts={parts}: give parts as a number or as positive shares, and '
                             f'part from 0 to one less than there are.')
        return shares, part, seed

    def _shift(self, domain: str, domains: Mapping[str, Any]) -> Any:
        if domain == MAIN:
            return None
        if domain not in domains:
            raise ValueError(f"{self.name} is requested in the domain '{domain}', which its domains=dict(…) does not "
                             f'define; there are {", ".join([MAIN, *domains])}.')
        return domains[domain] if callable(domains[domain]) else TRANSFORMS.build(domains[domain])

    # Listing.

    def load_data_list(self) -> list[Entry]:
        """The records of the part, with the labels of the kept tasks instead of the fields' values.

        Raises:
            BadData: see the class.
        """
        records = self.records()
        if self.division is not None:
            shares, part, seed = self.division
            records = [records[index] for index in random_part(len(records), shares, part, seed)]
        kept = [task for task in self.reads if self.keep is None or task in self.keep]
        labels = {task: self._labels(task, records) for task in kept}
        if records and any(task in self.kinds for task in kept) and not any(
                label is not None for task in kept if task in self.serves
                for label in labels[task]):
            raise self._no_labels(kept)
        self.unreadable = torch.zeros(len(records), dtype=torch.uint8).share_memory_()
        return [{**{key: value for key, value in record.items() if key != 'values'}, 'number': number,
                 'labels': {task: labels[task][number] for task in kept}} for number, record in enumerate(records)]

    def restrict(self, entries: Sequence[Entry], rows: np.ndarray) -> list[Entry]:
        """See :class:`TaskDataset`."""
        return [{**entry, 'number': number} for number, entry in enumerate(super().restrict(entries, rows))]

    def _labels(self, task: str, records: Sequence[Entry]) -> list[Any]:
        """The task's label of each record."""
        labels, unknown = self.maps[task].translate(record['values'].get(self.fields[task]) for record in records)
        self._tell_unknown(task, unknown, len(records))
        classes = self.num_classes.get(task)
        if self.reads[task].name == 'class_label':
            for record, label in zip(records, labels, strict=True):
                if label is not None and (label < 0 or (classes is not None and label >= classes)):
                    raise self._no_class(task, record['sample_id'], label)
        return labels

    def _tell_unknown(self, task: str, unknown: Counter[str], count: int) -> None:
        """Report which of ``count`` values are not in a label map.

        Raises:
            BadData: there are some, and ``unknown='error'``.
        """
        if unknown:
            message = (f"{self.name} '{self.split}', {task}: {sum(unknown.values())} of {count} values are not known "
                       f'to its label map ({told(unknown)})')
            if self.unknown == 'error':
                raise BadData(f'{message}: add them to label_maps, or say unknown="missing".')
            print_log(f'{message}; they count as missing.', 'current', logging.WARNING)

    def _no_class(self, task: str, sample_id: str, label: Any) -> BadData:
        """The error for a label that is not a class of the task."""
        classes = self.num_classes.get(task)
        allowed = f'0 to {classes - 1}' if classes is not None else 'whole numbers from 0'
        return BadData(f"{self.name} '{self.split}': sample '{sample_id}' has {task} {label}, allowed are {allowed}, and -1 "
                       f'or nothing for no label: give a label map in label_maps, or correct num_classes.')

    def _no_labels(self, kept: Sequence[str]) -> BadData:
        """The error for a split without any label."""
        return BadData(f"{self.name} '{self.split}' in {self.data_root} has no label for any of its tasks "
                       f'({", ".join(kept)}): check the files, fields and label_maps, or say keep=() if it is meant to '
                       f'be unlabelled.')

    @property
    def metainfo(self) -> dict[str, Any]:
        """See :class:`TaskDataset`; with the domain."""
        return {**super().metainfo, 'domain': self.domain}

    def known_labels(self) -> dict[str, np.ndarray]:
        """See :class:`TaskDataset`; without hidden labels."""
        none = {task: NO_LABEL[self.reads[task].name] for task in self.serves}
        return {task: self._shown(task, np.array([none[task] if (label := entry['labels'].get(task)) is None else label
                                                  for entry in self.entries], np.float64))
                for task in sorted(self.serves)}

    def _shown(self, task: str, labels: np.ndarray) -> np.ndarray:
        """(N,) labels without those that ``keep_labels`` hides."""
        return np.where(self.kept[task], labels, NO_LABEL[self.reads[task].name]) if task in self.kept else labels

    def label_counts(self) -> dict[str, int]:
        """Task -> number of samples with a label, for every served task, after ``keep``, ``keep_labels`` and the label
        maps."""
        known = self.known_labels()
        there = {task: known[task] >= 0 if self.reads[task].name == 'class_label' else ~np.isnan(known[task])
                 for task in known}
        return {task: int(there[task].sum()) if task in there else 0 for task in self.kinds}

    # Reading.

    def read(self, entry: Entry) -> Sample:
        """The image at its size and in its domain, with its labels; a black one without labels if it is broken."""
        try:
            image = fitted(self.picture(entry), self.size)
        except Exception as error:  # decoders can raise anything
            self._skip(entry, error)
            return Sample(image=np.zeros((*self.size, 3), np.uint8), targets=dict.fromkeys(self.reads), meta={})
        sample = Sample(image=image, targets={task: entry['labels'].get(task) for task in self.reads}, meta=SampleMeta())
        return sample if self.shift is None else self.shift(sample, self.reads, np.random.default_rng(entry['number']))

    def full_init(self) -> None:
        """See :class:`TaskDataset`; images in memory are stored as one array."""
        super().full_init()
        maps = any(kind.spatial for kind in self.reads.values())  # then images may differ in size
        if self.cache == 'preload' and self._images is None and not maps:
            self._images = np.stack([self._cached[index]['image'] for index in range(len(self.entries))])
            self._images.flags.writeable = False
            for index, image in enumerate(self._images):
                self._cached[index]['image'] = image

    @property
    def serves_batches(self) -> bool:
        """Whether whole batches can be cut: all images are in memory, and every transform supports whole batches."""
        return self.cache == 'preload' and not self.cached and PictureStore.serves(self.pipeline, self.kinds)

    def __getitems__(self, keys: Sequence[Key]) -> Any:
        """The batch of ``keys``, bit-equal to the samples one by one; the samples if batches cannot be cut."""
        if not self.serves_batches:
            return super().__getitems__(keys)
        pairs = [index_and_draw(key) for key in keys]
        wrong = [index for index, _ in pairs if not -len(self) <= index < len(self)]
        if wrong:
            raise IndexError(f'{self.name} has {len(self)} samples, there is no number {wrong[0]}')
        indices = np.array([index for index, _ in pairs], np.int64) % len(self)
        views = [draw if self.views is None else draw % self.views for _, draw in pairs]
        metas = [SampleMeta(**{**self._cached[index]['meta'], 'view': view})  # type: ignore[typeddict-item]
                 for index, view in zip(indices.tolist(), views, strict=True)]
        rngs = [np.random.default_rng([self.seed or 0, view, index])
                for index, view in zip(indices.tolist(), views, strict=True)] if self.pipeline else []
        batch = self._stored_pictures().batch(indices, metas, self.pipeline, rngs)
        batch['teacher'] = {teacher: {tap: torch.as_tensor(rows) for tap, rows in taps.items()}
                            for teacher, taps in self.stored_taps(indices).items()}
        return batch

    def _stored_pictures(self) -> PictureStore:
        """The images in memory with the labels of all tasks; rebuilt if a union has added tasks."""
        if self._store is None or self._store.targets.keys() != self.kinds.keys():
            assert self._images is not None
            shown = [self._without_hidden(self._cached[index]['targets'], index) for index in range(len(self))]
            labels = {task: [targets.get(task) for targets in shown] for task in self.kinds if task in self.serves}
            self._store = PictureStore(self._images, labels, self.kinds)
        return self._store

    def _skip(self, entry: Entry, error: Exception) -> None:
        """Record a broken image.

        Raises:
            BadData: there are more than ``max_broken``.
        """
        assert self.unreadable is not None
        if self.unreadable[entry['number']]:
            return
        self.unreadable[entry['number']] = 1
        broken = int(self.unreadable.sum())
        if broken > self.max_broken:
            raise BadData(f"{self.name} '{self.split}': {broken} images cannot be read, max_broken={self.max_broken} are "
                          f"allowed; the last is '{entry['sample_id']}' ({_reason(error)}): repair them, or raise "
                          f'max_broken.') from error
        print_log(f"{self.name} '{self.split}': the image of '{entry['sample_id']}' cannot be read and is skipped, number "
                  f'{broken} of at most {self.max_broken} ({_reason(error)})', 'current', logging.WARNING)


def _reason(error: Exception) -> str:
    text = str(error).split(': replace the file')[0]
    return text if isinstance(error, BadData) else f'{type(error).__name__}: {text}'


def _spoken(kind: str) -> str:
    return {'class_label': 'classes', 'scalar': 'a number'}[kind]


def random_part(count: int, shares: Sequence[float], part: int, seed: int) -> np.ndarray:
    """Ascending indices of one of several disjoint random parts of ``count`` samples.

    Args:
        count: number of samples.
        shares: size of each part in proportion to the others.
        part: index of the part.
        seed: seed of the division.
    """
    order = np.random.default_rng([seed, count]).permutation(count)
    bounds = np.rint(np.cumsum([0.0, *shares]) / sum(shares) * count).astype(int)
    return np.sort(order[bounds[part]:bounds[part + 1]])


def fitted(image: np.ndarray, size: Size) -> np.ndarray:
    """The image resized to ``size``: by area if it shrinks, bilinearly if it grows."""
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    shrinks = height * width > size[0] * size[1]
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
