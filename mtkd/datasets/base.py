"""Base class of data set adapters: reads, checks, augments and packs the samples of a split."""

import warnings
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch.utils.data import Dataset

from mtkd.registry import TRANSFORMS
from mtkd.structures import IGNORE, KINDS, Sample, SampleMeta, Size, TargetKind, pack

from .bad_data import BadData
from .blob import Source
from .cached import CachedTaps, tracked
from .class_table import ClassTable
from .kept_labels import KeptLabels
from .picture_files import EXIF_RULES, read_picture
from .plausible import SAMPLES, WRONG, examine

Entry = dict[str, Any]  # 'sample_id': str, 'files': {'image' or a task: Path}, and further keys of an adapter
Key = int | tuple[int, int]  # index, or (index, draw)

MAX_ASPECT_ERROR = 0.05  # a label whose aspect ratio differs more from the image's belongs to another image


class TaskDataset(Dataset, ABC):
    """One split of one data set, with the labels of the requested tasks.

    An adapter sets :attr:`OFFERS` and implements :meth:`load_data_list` and :meth:`read`; files are first accessed in
    :meth:`full_init`, so that a data set can be described without its files.

    A sample is a function of (``seed``, draw, index) only, where the draw is the epoch: each sample has a new generator for
    its augmentation, so neither the number of workers nor resuming changes anything.

    Args:
        tasks: task -> kind or name of a kind; the labels to serve. Tasks that the adapter does not offer are served as
            absent. None: all tasks on offer.
        data_root: folder of the data set.
        split: name of the split, as the data set calls it.
        pipeline: transforms, objects or configs of :data:`mtkd.registry.TRANSFORMS`.
        seed: seed of the augmentation; None: the run's seed, set by the training sampler (0 before that).
        cache: keep decoded samples in memory, before augmentation. ``True``: from their first use; ``'preload'``: all of
            them, in :meth:`full_init`, before workers fork, which then share them.
        num_classes: task -> number of classes of the task. The labels must have the same number (:attr:`NUM_CLASSES`), or be
            translated by ``label_maps``. It does not apply to labels that only a transform reads.
        views: repeat the augmentation after this many draws (for caches of a teacher's outputs); None: never.
        name: the value of ``meta['dataset']``; by default the name of the class.
        label_maps: task -> the task's class for each class of the data set, as a dictionary or a list; None instead of
            a class removes the label.
        scale: task -> factor that converts stored depths to metres, as in ``dict(depth=0.001)`` for millimetres. Required
            for depths stored as integers.
        exif: how to treat an image whose EXIF orientation is not upright: ``'turn'``, ``'ignore'`` or ``'refuse'``; None:
            turn it, or refuse it if a label is a map.
        keep_labels: hide labels for experiments: :class:`~mtkd.datasets.kept_labels.KeptLabels` or its arguments.
        limit: maximum number of samples of the split, always the same ones (for trials); up to half of them are samples
            with a label kept by ``keep_labels``. None: all.

    Raises:
        ValueError: none of the tasks is offered, one is requested as another kind than the adapter offers, a task has
            another number of classes than the labels, or a label map is incomplete.

    Attributes:
        serves: tasks whose labels are served. Labels of other tasks in :attr:`reads` are only for the transforms.
        stored: teacher -> tap -> (N, ...), one row per sample, passed on as ``batch['teacher']`` whatever the augmentation.
        cached: teacher -> its cached taps, which follow the augmentation; set by the engine.
        kept: task -> (N,) bool, whether ``keep_labels`` keeps the label; empty without ``keep_labels``.
    """

    OFFERS: dict[str, str] = {}  # task -> name of its kind
    NUM_CLASSES: dict[str, int] = {}  # task -> number of classes
    CLASSES: dict[str, tuple[str, ...]] = {}  # task -> names of the classes
    SPLITS: tuple[str, ...] = ('train', 'val')
    DEPTH_UNIT = 'm'  # unit of the served depths; values in other units are not checked
    SCALE = 'scale=dict({task}=0.001)'  # the argument that converts stored depths, for messages
    LOOKS_AT = SAMPLES  # number of samples that full_init checks for implausible labels

    def __init__(self, tasks: Mapping[str, TargetKind | str] | None = None, data_root: str | Path = '',
                 split: str = 'train', pipeline: Sequence[Any] = (), seed: int | None = None,
                 cache: bool | str = False, num_classes: Mapping[str, int] | None = None, views: int | None = None,
                 name: str | None = None, label_maps: Mapping[str, Any] | None = None,
                 scale: Mapping[str, float] | None = None, exif: str | None = None,
                 keep_labels: Mapping[str, Any] | KeptLabels | None = None, limit: int | None = None) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f'limit={limit} of {type(self).__name__}: serve 1 sample or more, or all (None).')
        if exif not in (None, *EXIF_RULES):
            raise ValueError(f"exif={exif!r} of {type(self).__name__}: use {', '.join(map(repr, EXIF_RULES))}, or None.")
        if cache not in (False, True, 'preload'):
            raise ValueError(f"cache={cache!r} of {type(self).__name__}: use False, True or 'preload'.")
        if split not in self.SPLITS:
            raise ValueError(f"{type(self).__name__} has no split '{split}': use one of {', '.join(self.SPLITS)}.")
        self.name = name or type(self).__name__
        self.data_root = Path(data_root).expanduser()
        self.split = split
        self.seed = seed
        self.cache = cache
        self.views = views
        self.kinds = self._kinds(self.OFFERS if tasks is None else tasks)
        self.serves = frozenset(self.kinds) & frozenset(self.OFFERS)
        self.pipeline = [t if callable(t) else TRANSFORMS.build(t) for t in pipeline]
        needed = {task for t in self.pipeline for task in getattr(t, 'needs', ())}
        self.reads = {task: self.kinds.get(task, KINDS[kind]) for task, kind in self.OFFERS.items()
                      if task in needed or task in self.kinds}
        self.exif = exif
        self.scale = self._scale(scale or {})
        self.class_maps = self._class_maps(label_maps or {}, num_classes or {})
        self.num_classes = {**self.NUM_CLASSES, **{t: n for t, n in (num_classes or {}).items()
                                                   if t in self.serves or t not in self.NUM_CLASSES}}
        for task in self.class_maps.keys() - (num_classes or {}).keys():
            self.num_classes.pop(task, None)  # the number of classes of the labels is not that of the task
        self._check_label_spaces()
        self.stored: dict[str, dict[str, np.ndarray]] = {}
        self.cached: dict[str, CachedTaps] = {}
        self._entries: list[Entry] | None = None
        self._cached: dict[int, Sample] = {}
        self._warned: set[str] = set()
        self.keep_labels = KeptLabels.of(keep_labels)
        self.kept: dict[str, np.ndarray] = {}
        self.limit = limit

    def _kinds(self, tasks: Mapping[str, TargetKind | str]) -> dict[str, TargetKind]:
        """The kind objects of the requested tasks, checked against those on offer."""
        kinds = {}
        for task, kind in tasks.items():
            if isinstance(kind, str) and kind not in KINDS:
                raise ValueError(f"task '{task}': there is no target kind '{kind}', use one of {', '.join(KINDS)}.")
            kinds[task] = KINDS[kind] if isinstance(kind, str) else kind
            offered = self.OFFERS.get(task)
            if offered is not None and offered not in (kinds[task].name, *kinds[task].takes):
                raise ValueError(f"{type(self).__name__} offers '{task}' as {offered}, but it is requested as "
                                 f'{kinds[task].name}: change the task or its name.')
        if not set(kinds) & set(self.OFFERS):
            raise ValueError(f'{type(self).__name__} offers none of the requested tasks ({", ".join(kinds) or "none"}); '
                             f'it offers {", ".join(self.OFFERS)}.')
        return kinds

    def _scale(self, scale: Mapping[str, float]) -> dict[str, float]:
        for task, factor in scale.items():
            if self.OFFERS.get(task) != 'depth' or not isinstance(factor, int | float) or not 0 < factor < float('inf'):
                depths = [t for t, kind in self.OFFERS.items() if kind == 'depth']
                raise ValueError(f"{self.name}: scale={{'{task}': {factor!r}}}: give a positive factor for a task of depths "
                                 f'({", ".join(depths) or "there is none"}).')
        return {task: float(factor) for task, factor in scale.items()}

    def _class_maps(self, label_maps: Mapping[str, Any], num_classes: Mapping[str, int]) -> dict[str, ClassTable]:
        """The tables that translate the data set's classes into the tasks'."""
        for task in label_maps:
            if task not in self.OFFERS:
                raise ValueError(f"{self.name}: label_maps names '{task}', which {type(self).__name__} does not label; it "
                                 f'labels {", ".join(self.OFFERS)}.')
        return {task: ClassTable(rule, self.NUM_CLASSES.get(task), num_classes.get(task), f"label_maps of {self.name} for "
                                 f"'{task}'") for task, rule in label_maps.items()}

    def _check_label_spaces(self) -> None:
        """Compare the tasks' numbers of classes with those of the data set.

        Raises:
            ValueError: they differ, and there is no label map.
        """
        for task in self.serves - self.class_maps.keys():
            own = self.NUM_CLASSES.get(task, self.num_classes.get(task))
            if own != self.num_classes.get(task):
                raise ValueError(f"{self.name} labels '{task}' with {own} classes, the task '{task}' has "
                                 f'{self.num_classes[task]}: these are two label spaces. Set num_classes={own}, rename one '
                                 f"of the tasks, or translate with label_maps=dict({task}={{0: 0, 1: None, …}}) of the data "
                                 f'set.')

    # To be implemented by an adapter.

    @abstractmethod
    def load_data_list(self) -> list[Entry]:
        """The split's samples, each a dict of ``sample_id`` and ``files`` (paths of the image and of the labels to read)."""

    @abstractmethod
    def read(self, entry: Entry) -> Sample:
        """Decode one sample, with the labels of :attr:`reads` in their kinds' NumPy form, or None for missing ones."""

    def read_image(self, path: Source) -> np.ndarray:
        """(H, W, 3) uint8 RGB of an image file; see :mod:`mtkd.datasets.picture_files` for other modes.

        Raises:
            BadData: it cannot be read, or has an EXIF orientation although a label is a map.
        """
        dense = any(kind.spatial for kind in self.reads.values())
        return read_picture(path, self.exif or ('refuse' if dense else 'turn'))

    # Public methods.

    @property
    def metainfo(self) -> dict[str, Any]:
        """Metadata of the data set for evaluators and visualisation."""
        return {'dataset': self.name, 'split': self.split, 'tasks': {t: k.name for t, k in self.kinds.items()},
                'num_classes': {t: n for t, n in self.num_classes.items() if t in self.serves},
                'classes': {t: c for t, c in self.CLASSES.items() if t in self.serves and t not in self.class_maps}}

    @property
    def entries(self) -> list[Entry]:
        """The samples of the split, from :meth:`load_data_list`."""
        if self._entries is None:
            self.full_init()
        assert self._entries is not None
        return self._entries

    def full_init(self) -> None:
        """List the split, check that its files exist and, if configured, read it into memory. Repeated calls have no effect.

        Raises:
            BadData: the split is empty or files are missing.
        """
        if self._entries is not None:
            return
        entries = self.load_data_list()
        if not entries:
            raise BadData(f"the split '{self.split}' of {self.name} in {self.data_root} is empty: "
                          f'check data_root and the list of the split.')
        if self.keep_labels is not None and not self.kept:
            self.kept = self.keep_labels.draw(sorted(set(self.kinds) & set(self.OFFERS)), len(entries))
        if self.limit is not None and self.limit < len(entries):
            entries = self.restrict(entries, self._drawn(len(entries), self.limit))
        self.check_files(entries)
        self._entries = entries
        if self.cache == 'preload':
            for index in range(len(entries)):
                self.load(index)
        if self.LOOKS_AT:
            self.check_plausible()

    def _drawn(self, count: int, limit: int) -> np.ndarray:
        """Ascending indices of the ``limit`` samples to use of ``count``."""
        order = np.random.default_rng([limit, count]).permutation(count)
        if self.kept:
            labelled = np.any(list(self.kept.values()), axis=0)[order]
            first = order[labelled][:max(1, limit // 2)]
            order = np.concatenate([first, order[~labelled], order[labelled][len(first):]])
        return np.sort(order[:limit])

    def restrict(self, entries: Sequence[Entry], rows: np.ndarray) -> list[Entry]:
        """Keep only the samples of some rows, in all per-sample arrays. Adapters with arrays extend it."""
        self.kept = {task: values[rows] for task, values in self.kept.items()}
        return [entries[row] for row in rows.tolist()]

    def check_plausible(self) -> None:
        """Check the labels of some samples: raise an error for invalid and warn about implausible values.

        Raises:
            BadData: a label is invalid; see :func:`~mtkd.datasets.plausible.examine`.
        """
        for finding in examine(self, self.LOOKS_AT):
            if finding.state == WRONG:
                raise BadData(str(finding))
            warnings.warn(str(finding), stacklevel=3)

    def known_labels(self) -> dict[str, np.ndarray]:
        """Task -> (N,) image-level labels that are known without reading an image: classes with -1, or numbers with NaN, for
        missing labels."""
        return {}

    def where(self, index: int, task: str) -> str:
        """The name of a sample's label in messages: its file or its position."""
        entry = self.entries[index]
        return str(entry.get('files', {}).get(task, f"{self.name} '{self.split}' sample '{entry['sample_id']}'"))

    def source_name(self, entry: Entry, role: str) -> str:
        """The name in messages of the source of an entry's image (``role`` is ``'image'``) or of its label of a task."""
        file = entry.get('files', {}).get(role)
        sample = f"{self.name} sample '{entry['sample_id']}'"
        return str(file) if file is not None else sample if role == 'image' else f'{sample}, {role}'

    def check_files(self, entries: Sequence[Entry]) -> None:
        """Check that every file of the split is below ``data_root`` and exists, with one directory listing per folder.

        A path with ``..``, or an absolute one elsewhere, is an error, because lists and tables may come from untrusted
        sources. A symbolic link below ``data_root`` may lead anywhere.

        Raises:
            BadData: files are missing, or a path is not below ``data_root``.
        """
        wanted: dict[Path, list[str]] = defaultdict(list)
        for entry in entries:
            for path in entry.get('files', {}).values():
                wanted[Path(path).parent].append(Path(path).name)
        missing: list[Path] = []
        for folder, names in wanted.items():
            inside = folder.is_relative_to(self.data_root) and '..' not in folder.relative_to(self.data_root).parts
            if self.data_root != Path() and not (inside and '..' not in names):
                raise BadData(f"{self.name} '{self.split}': {folder / names[0]} is not below data_root {self.data_root}: "
                              f'correct the path, name a data_root that contains both, or make a symbolic link below it.')
            there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            missing += [folder / name for name in names if name not in there]
        if missing:
            shown = ', '.join(str(path) for path in missing[:3])
            more = f' and {len(missing) - 3} more' if len(missing) > 3 else ''
            raise BadData(f"{self.name} '{self.split}': {len(missing)} files are missing ({shown}{more}): "
                          f'complete the data set, or take the sample out of the list of the split.')

    def adopt_seed(self, seed: int) -> None:
        """Set the run's seed for the augmentation, unless one was given."""
        if self.seed is None:
            self.seed = seed

    def __len__(self) -> int:
        return len(self.entries)

    def load(self, index: int) -> Sample:
        """The decoded and checked sample, before any transform; from memory if cached."""
        entry = self.entries[index]  # this may open the set, which reads some samples
        if index in self._cached:
            kept = self._cached[index]
            return Sample(image=kept['image'], targets=self._without_hidden(kept['targets'], index),
                          meta=SampleMeta(**kept['meta']))
        sample = self.checked(self.read(entry), entry)
        sample['meta'] = SampleMeta(dataset=self.name, sample_id=entry['sample_id'], index=index,
                                    original_size=sample['image'].shape[:2], crop=None, flip=False, view=0)
        if self.cache:
            for array in (sample['image'], *sample['targets'].values()):
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
            self._cached[index] = sample
            return self.load(index)
        sample['targets'] = self._without_hidden(sample['targets'], index)
        return sample

    def _without_hidden(self, targets: Mapping[str, Any], index: int) -> dict[str, Any]:
        """The labels of a sample that ``keep_labels`` keeps; no transform sees the others."""
        if not self.kept:
            return dict(targets)
        return {task: value if task not in self.kept or self.kept[task][index] else None for task, value in targets.items()}

    def augmented(self, index: int, draw: int = 0) -> Sample:
        """The sample after the pipeline with draw ``draw``, in NumPy form."""
        view = draw if self.views is None else draw % self.views
        rng = np.random.default_rng([self.seed or 0, view, index])
        sample = self.load(index)
        sample['meta']['view'] = view
        kinds = self.reads
        if any(taps.moves for taps in self.cached.values()):
            sample, kinds = tracked(sample, kinds)
        for transform in self.pipeline:
            sample = transform(sample, kinds, rng)
        return sample

    @property
    def serves_batches(self) -> bool:
        """Whether :meth:`__getitems__` returns a ready batch."""
        return False

    def __getitems__(self, keys: Sequence[Key]) -> Any:
        """The input of the loader's collate function: packed samples, or a ready batch (:attr:`serves_batches`)."""
        return [self[key] for key in keys]

    def __getitem__(self, key: Key) -> dict[str, Any]:
        index, draw = index_and_draw(key)
        if not -len(self) <= index < len(self):
            raise IndexError(f'{self.name} has {len(self)} samples, there is no number {index}')
        sample = self.augmented(index % len(self), draw)
        sample['targets'] = {task: label for task, label in sample['targets'].items()
                             if task in self.serves or task not in self.reads}
        for task, label in sample['targets'].items():
            if isinstance(label, np.ndarray) and not label.flags.writeable:  # a cached array: torch needs a copy
                sample['targets'][task] = label.copy()
        packed = pack(sample, self.kinds)
        packed['teacher'] = {**packed['teacher'], **self.stored_taps(index % len(self)),
                             **{name: taps.of(sample, index % len(self)) for name, taps in self.cached.items()}}
        return packed

    def stored_taps(self, index: Any) -> dict[str, dict[str, np.ndarray]]:
        """The rows of :attr:`stored` of one sample, or of several for an array of indices."""
        return {teacher: {tap: rows[index] for tap, rows in taps.items()} for teacher, taps in self.stored.items()}

    # Checks on reading.

    def checked(self, sample: Sample, entry: Entry) -> Sample:
        """Check a sample, and resize its labels to the size of the image.

        Raises:
            BadData: the image or a label does not have the form of its kind.
        """
        image = sample['image']
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BadData(f'{self.source_name(entry, "image")}: an image is (H, W, 3) uint8 RGB, this one is '
                          f'{_describe(image)}: convert it.')
        size = image.shape[:2]
        for task, kind in self.reads.items():
            label = sample['targets'].get(task)
            if label is None:
                sample['targets'][task] = None
                continue
            where = self.source_name(entry, task)
            if task in self.scale and isinstance(label, np.ndarray):
                label = sample['targets'][task] = label.astype(np.float32) * np.float32(self.scale[task])
            if kind.spatial and isinstance(label, np.ndarray) and label.shape[:2] != size and \
                    kind.check(label, label.shape[:2]) is None:
                label = sample['targets'][task] = self._resized(label, kind, task, size, where)
            wrong = kind.check(label, size) or self._check_range(label, kind, task)
            if wrong:
                raise BadData(f'{where} is no {task} label: {wrong}; {self._way_out(task)}.')
            if task in self.class_maps:
                sample['targets'][task] = self.class_maps[task].translate(label, kind)
        return sample

    def _way_out(self, task: str) -> str:
        """Advice for a broken label."""
        if task in self.serves:
            return f"repair or replace the file, or take '{task}' out of the tasks"
        readers = [type(t).__name__ for t in self.pipeline if task in getattr(t, 'needs', ())]
        return (f"repair or replace the file; '{task}' is read only for {', '.join(readers)} of the pipeline, so another "
                f'setting there (max_share=1 of RandomCrop) does without it')

    def stored_classes(self, task: str) -> int | None:
        """Number of classes of the data set's labels of a task, before any label map; None: unknown."""
        table = self.class_maps.get(task)
        return self.num_classes.get(task) if table is None else table.classes

    def _check_range(self, label: Any, kind: TargetKind, task: str) -> str | None:
        """What is wrong with the class ids of a label; None if nothing is, or the kind has no classes."""
        classes = self.stored_classes(task)
        if classes is None or kind.name not in ('class_map', 'class_label'):
            return None
        ids = np.flatnonzero(np.bincount(label.ravel())) if kind.spatial else np.asarray([int(label)])
        bad = ids[(ids >= classes) & (ids != IGNORE)] if kind.spatial else ids[(ids >= classes) | (ids < -1)]
        return f'it holds class {int(bad[0])}, allowed are 0 to {classes - 1} and the invalid one' if bad.size else None

    def _resized(self, label: np.ndarray, kind: TargetKind, task: str, size: Size, where: Any) -> np.ndarray:
        """A label of another size than its image, resized with a warning (nearest; normals bilinear)."""
        height, width = label.shape[:2]
        if abs(height * size[1] / (width * size[0]) - 1) > MAX_ASPECT_ERROR:
            raise BadData(f'{where}: the label is {height}x{width}, its image {size[0]}x{size[1]}: they are not of the '
                          f'same view, replace one of them.')
        if task not in self._warned:
            self._warned.add(task)
            warnings.warn(f'{self.name}: {task} labels are of another size than their images ({where}: {height}x'
                          f'{width}, image {size[0]}x{size[1]}) and are resized; said once.', stacklevel=2)
        if kind.name == 'normals':
            smooth = cv2.resize(label, size[::-1], interpolation=cv2.INTER_LINEAR)
            return unit_normals(smooth)
        return kind.resize(label, size)


def counted_classes(task: str, count: int, arguments: Mapping[str, Any]) -> dict[str, int]:
    """:attr:`TaskDataset.NUM_CLASSES` of an adapter that finds its classes in its files.

    Args:
        task: the adapter's task.
        count: number of classes of the whole data set.
        arguments: those of the data set; without a label map, the files must have their ``num_classes``.
    """
    given = {} if task in (arguments.get('label_maps') or {}) else arguments.get('num_classes') or {}
    return {task: given.get(task, count)}


def index_and_draw(key: Key) -> tuple[int, int]:
    """The two numbers of a sampler's key; a bare index is draw 0."""
    return key if isinstance(key, tuple) else (key, 0)


def unit_normals(vectors: np.ndarray, min_norm: float = 0.1) -> np.ndarray:
    """(H, W, 3) float32 unit vectors; vectors shorter than ``min_norm`` become the zero vector, which is invalid."""
    vectors = vectors.astype(np.float32, copy=False)
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    norm = np.sqrt(x * x + y * y + z * z)
    scale = np.where(norm < min_norm, np.float32(0), 1 / np.maximum(norm, np.float32(1e-12)))
    return vectors * scale[..., None]


def _describe(array: Any) -> str:
    return f'{array.shape} {array.dtype}' if isinstance(array, np.ndarray) else type(array).__name__
