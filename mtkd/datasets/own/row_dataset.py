"""Base class of custom data sets with rows: image-level labels and label maps, one column each."""

import inspect
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from mtkd.structures import KINDS, Sample, SampleMeta, Size, TargetKind

from ..base import BadData, Entry, unit_normals
from ..blob import Source
from ..dense.label_files import check_rules, label_kind, read_label
from ..images.attributes import IMAGE_LEVEL, NO_LABEL, AttributeDataset, fitted, random_part
from .arrow_rows import ArrowRows, HeldTable
from .arrow_values import as_numpy, numbers
from .label_columns import translated

ID, VALUE, MAP, LABEL = 'sample_id', 'value/', 'map/', 'label/'  # columns of a listing, the last three followed by a name
NO_LABELS = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary,
             lambda kind: isinstance(kind, pa.BaseExtensionType))  # types of columns without image-level labels
SMALL_PICTURE = (64, 64)  # size of images without label maps, as in every AttributeDataset


class RowDataset(AttributeDataset):
    """Rows with an image, image-level labels, and label maps, any of which may be missing.

    An adapter implements :meth:`listing` and :meth:`part`. The rows are stored by Arrow
    (:class:`~mtkd.datasets.own.arrow_rows.HeldTable`), so their number is not limited.

    A label map is an argument named after its task: a dictionary with the rules of
    :class:`~mtkd.datasets.dense.dense_folder.DenseFolder` (``kind``, ``key``, ``classes``, ``map``, ``ignore``, ``palette``,
    ``threshold``, ``scale``, ``invalid``, ``inverse``, ``encoding``, ``axes``) and a key for its place (:attr:`PLACES`), by
    default the task's name. A string gives only the place.

    Args:
        args: see :class:`~mtkd.datasets.images.attributes.AttributeDataset`.
        size: (height, width) to which images and their label maps are resized; None: images keep their size if a label is
            a map, and are resized to 64x64 otherwise.
        kwargs: arguments of :class:`~mtkd.datasets.images.attributes.AttributeDataset`, and label maps.

    Raises:
        ValueError: an argument is neither known nor a label map, or a rule does not apply to its label's kind.
    """

    SCALE = '{task}=dict(scale=0.001)'
    PLACES: tuple[str, ...] = ('column',)  # keys of a label map's dictionary for its place; the first is the usual one

    def __init__(self, *args: Any, size: Size | None = None, **kwargs: Any) -> None:
        known = inspect.signature(AttributeDataset.__init__).parameters
        tasks = args[0] if args else kwargs.get('tasks')
        asked = {task: kind if isinstance(kind, str) else kind.name for task, kind in (tasks or {}).items()}
        self.rules = {task: self._as_rules(task, given) for task, given in kwargs.items() if task not in known}
        self._map_kinds = {task: label_kind(task, rules, asked, type(self).__name__) for task, rules in self.rules.items()}
        for task, rules in self.rules.items():
            check_rules(task, self._map_kinds[task], rules, type(self).__name__, self.PLACES)
        self.CLASSES = {**self.CLASSES, **{task: tuple(rules['classes']) for task, rules in self.rules.items()
                                           if rules.get('classes')}}
        self.NUM_CLASSES = {**self.NUM_CLASSES, **{task: len(self.CLASSES[task]) for task in self.rules
                                                   if task in self.CLASSES}}
        for task in self.rules.keys() & (kwargs.get('label_maps') or {}).keys():
            raise ValueError(f"{type(self).__name__}: label_maps names '{task}', a label map: translate its values in "
                             f'{task}=dict(map={{…}}).')
        super().__init__(*args, size=size or SMALL_PICTURE, **{name: v for name, v in kwargs.items() if name in known})
        self.maps_read = [task for task in self.reads if task in self.rules]
        self.stretches = size is not None or not self.maps_read
        self.held: HeldTable | None = None
        self.sources: tuple[str, ...] = ()  # files from which the rows are read; set on reading

    def _as_rules(self, task: str, given: Any) -> dict[str, Any]:
        usual = self.PLACES[0]
        if isinstance(given, str):
            return {usual: given}
        if not isinstance(given, Mapping):
            raise ValueError(f'{type(self).__name__}: {task}={given!r} is neither an argument nor a label map; a label map '
                             'is '
                             f'the name of its {usual}, or a dictionary, as in {task}=dict({usual}={task!r}).')
        return {usual: task, **given}

    # To be implemented by an adapter.

    @abstractmethod
    def listing(self) -> pa.Table:
        """The split's rows.

        A table with the column ``sample_id`` (unique text); ``value/FIELD`` for each existing field of :attr:`fields`;
        ``map/TASK`` for each existing label map of :attr:`maps_read`, null for missing ones; and the columns that
        :meth:`part` needs.
        """

    @abstractmethod
    def part(self, entry: Entry, role: str) -> Source | None:
        """The source of the image (``role`` is ``'image'``) or of the label map of a task; None if the row has none."""

    def records(self) -> list[Entry]:
        """One entry per row; mtkd never needs all of them at once."""
        return list(self.entries)

    def files(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The files of an entry, role -> path, if rows contain paths."""
        return {}

    # Arguments.

    def offered(self, tasks: Mapping[str, TargetKind | str] | None) -> dict[str, str]:
        """A field for every image-level task, and the label maps; the rows are checked for them when they are read."""
        kinds = {task: kind if isinstance(kind, str) else kind.name for task, kind in (tasks or {}).items()}
        fields = {task: kind for task, kind in kinds.items() if kind in IMAGE_LEVEL and task not in self.rules}
        if not fields and not self.rules:
            raise ValueError(f'{type(self).__name__} needs tasks that are classes or numbers of whole images, as in '
                             "tasks=dict(age='scalar', gender='class_label'), or label maps, as in "
                             f"depth=dict({self.PLACES[0]}='depth', scale=0.001).")
        return {**fields, **self._map_kinds}

    def _served_kinds(self, offers: Mapping[str, str], own: Mapping[str, str], tasks: Mapping[str, Any] | None,
                      label_maps: Mapping[str, Any]) -> dict[str, str]:
        """A column of values has no kind: each task reads it as its own kind."""
        asked = {task: offers[field] if task in self.rules else (tasks or {}).get(task, offers[field])
                 for task, field in own.items()}
        return {task: kind if isinstance(kind, str) else kind.name for task, kind in asked.items()}

    # Listing.

    def load_data_list(self) -> Any:
        """The rows of the part, with the labels of the kept tasks instead of the fields' values.

        Raises:
            BadData: see the class.
        """
        table = self.listing()
        if self.division is not None:
            shares, part, seed = self.division
            table = table.take(numbers(random_part(table.num_rows, shares, part, seed)))
        columns = {name: table[name] for name in table.column_names if not name.startswith(VALUE)}
        kept = [task for task in self.reads if self.keep is None or task in self.keep]
        there = {task: self._column_labels(task, table) for task in kept if task in self.fields}
        labelled = [task for task in kept if task in there or table.column_names.count(MAP + task)]
        if table.num_rows and any(task in self.kinds for task in kept) and not any(
                self._count(table, task, there.get(task)) for task in labelled if task in self.serves):
            raise self._no_labels(kept)
        columns.update({LABEL + task: pa.chunked_array([numbers(labels)]) for task, labels in there.items()})
        self.held = HeldTable.of(pa.table(columns))
        pa.default_memory_pool().release_unused()
        self.unreadable = torch.zeros(table.num_rows, dtype=torch.uint8).share_memory_()
        return ArrowRows(self.held, self.entry)

    def restrict(self, entries: Sequence[Entry], rows: np.ndarray) -> Any:
        """See :class:`~mtkd.datasets.base.TaskDataset`."""
        assert self.held is not None
        self.kept = {task: values[rows] for task, values in self.kept.items()}
        self.held = HeldTable.of(self.held.table.take(numbers(rows)))
        return ArrowRows(self.held, self.entry)

    def _count(self, table: pa.Table, task: str, labels: np.ndarray | None) -> int:
        """The number of rows with a label of a task."""
        if labels is None:
            return table.num_rows - table[MAP + task].null_count
        return int((labels >= 0).sum() if labels.dtype.kind == 'i' else (~np.isnan(labels)).sum())

    def _column_labels(self, task: str, table: pa.Table) -> np.ndarray:
        """(N,) the task's labels: int64 with -1, or float64 with NaN, for missing ones.

        Raises:
            BadData: a label is not a class of the task, or a value is unknown and ``unknown='error'``.
        """
        name = VALUE + self.fields[task]
        if name not in table.column_names:
            return np.full(table.num_rows, NO_LABEL[self.reads[task].name],
                           np.int64 if self.reads[task].name == 'class_label' else np.float64)
        if any(is_kind(table[name].type) for is_kind in NO_LABELS):
            raise BadData(f"{self.name} '{self.split}': the column '{self.fields[task]}' is {table[name].type}, a label of "
                          'a whole image is a class, a number or a text: name another column.')
        labels, unknown = translated(table[name], self.maps[task])
        self._tell_unknown(task, unknown, table.num_rows)
        if self.reads[task].name == 'class_label':
            classes = self.num_classes.get(task)
            bad = np.flatnonzero((labels < -1) | (labels >= (np.inf if classes is None else classes)))
            if bad.size:
                raise self._no_class(task, table[ID][int(bad[0])].as_py(), int(labels[bad[0]]))
        return labels

    def entry(self, number: int, row: Mapping[str, Any]) -> Entry:
        """The entry of a row."""
        labels = {}
        for task in self.fields:
            label = row.get(LABEL + task)
            labels[task] = None if label is None or label != label or (label == -1 and self._is_class(task)) else label
        maps = {task: row.get(MAP + task) for task in self.maps_read if self.keep is None or task in self.keep}
        return {'sample_id': row[ID], 'files': self.files({**row, **{MAP + task: cell for task, cell in maps.items()}}),
                'number': number, 'labels': labels, 'maps': maps, 'row': row}

    def _is_class(self, task: str) -> bool:
        return self.reads[task].name == 'class_label'

    def known_labels(self) -> dict[str, np.ndarray]:
        """See :class:`~mtkd.datasets.base.TaskDataset`; read from Arrow's column."""
        self.full_init()
        assert self.held is not None
        known = {}
        for task in sorted(self.serves & self.fields.keys()):
            name = LABEL + task
            there = name in self.held.table.column_names
            labels = as_numpy(self.held.table[name]) if there else np.full(len(self), NO_LABEL[self.reads[task].name])
            known[task] = self._shown(task, labels)
        return known

    def label_counts(self) -> dict[str, int]:
        """See :class:`~mtkd.datasets.images.attributes.AttributeDataset`; for label maps, the number of rows with one."""
        counts = super().label_counts()
        assert self.held is not None
        for task in self.serves & set(self.maps_read):
            name = MAP + task
            if name in self.held.table.column_names and (self.keep is None or task in self.keep):
                there: np.ndarray = as_numpy(self.held.table[name].is_valid()).astype(bool)
                counts[task] = int((there & self.kept[task]).sum() if task in self.kept else there.sum())
        return counts

    # Reading.

    def picture(self, entry: Entry) -> np.ndarray:
        """See :class:`~mtkd.datasets.images.attributes.AttributeDataset`."""
        source = self.part(entry, 'image')
        if source is None:
            raise BadData(f"{self.source_name(entry, 'image')}: the sample '{entry['sample_id']}' has no image: remove it.")
        return self.read_image(source)

    def read(self, entry: Entry) -> Sample:
        """See :class:`~mtkd.datasets.images.attributes.AttributeDataset`; with label maps, a broken image is an error."""
        if not self.maps_read:
            return super().read(entry)
        image = self.picture(entry)
        targets: dict[str, Any] = dict(entry['labels'])
        for task in self.maps_read:
            source = None if entry['maps'].get(task) is None else self.part(entry, task)
            targets[task] = None if source is None else self._label(task, source, image.shape[:2])
        if self.stretches:
            image = fitted(image, self.size)
        sample = Sample(image=image, targets=targets, meta=SampleMeta())
        return sample if self.shift is None else self.shift(sample, self.reads, np.random.default_rng(entry['number']))

    def _label(self, task: str, source: Source, size: Size) -> np.ndarray:
        kind = KINDS[self.OFFERS[task]]
        label = read_label(source, kind.name, self.rules[task])
        if not self.stretches or kind.check(label, label.shape[:2]) is not None:
            return label  # errors are reported later
        if label.shape[:2] != size:
            label = self._resized(label, kind, task, size, source)
        smaller = kind.resize(label, self.size)
        return unit_normals(smaller) if kind.name == 'normals' else smaller
