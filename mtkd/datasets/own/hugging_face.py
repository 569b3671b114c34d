"""Data sets saved by Hugging Face's ``datasets``: folders of ``save_to_disk``, and parquet files."""

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mtkd.registry import DATASETS

from ..base import BadData, Entry
from ..blob import Blob, Source
from .arrow_values import as_numpy, as_text, first_twice, nothing, numbers, texts
from .row_dataset import ID, MAP, VALUE, RowDataset
from .tables import rows_of_parquet

ROW = 'row'  # the column of a listing with the row's number in the whole data set
STORES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string, pa.types.is_large_string, pa.types.is_list,
          pa.types.is_large_list, pa.types.is_fixed_size_list, pa.types.is_null,
          lambda kind: isinstance(kind, pa.BaseExtensionType))  # types of columns with images or label maps, beside Image
STARTS = {b'\x93NUMPY': '.npy', b'PK\x03\x04': '.npz', b'MATLAB': '.mat', b'\x76\x2f\x31\x01': '.exr'}  # otherwise an image


@DATASETS.register_module()
class HuggingFaceDataset(RowDataset):
    """A folder written by ``save_to_disk``, or parquet files, read with the package ``datasets``.

    Example::

        dict(type='HuggingFaceDataset', data_root='rooms', path='data/{split}-*.parquet', image='photo',
             depth=dict(column='depth', scale=0.001), semseg=dict(column='mask', map={0: 0, 255: 1}), ignore=['caption'])

    Images and label maps are ``Image`` columns, bytes of a file (``.png``, ``.npy``, …), arrays, or paths below
    ``data_root``. Image-level labels are ``ClassLabel``, numbers or text; null is a missing label. The names of a
    ``ClassLabel`` are the task's classes: their number must be the task's, or ``label_maps`` translates them, by name or by
    number. An unknown column is an error, unless it is in ``ignore``.

    Args:
        args: see :class:`~mtkd.datasets.own.row_dataset.RowDataset`.
        path: the folder, or a pattern of parquet files, below ``data_root``; ``{split}`` in it is the split.
        image: column of the images.
        id: column with the names of the samples; None: they are numbered.
        ignore: columns that are not labels.
        cache_dir: folder for the tables that ``datasets`` makes from parquet files; None: its own (``HF_DATASETS_CACHE``).
        kwargs: see :class:`~mtkd.datasets.own.row_dataset.RowDataset`.

    Raises:
        ValueError: the package ``datasets`` is not installed, or an argument is invalid.
        BadData (on use): the data set or split does not exist or cannot be read, a column is missing or unknown, or a
            ``ClassLabel`` has another number of classes than its task.
    """

    def __init__(self, *args: Any, path: str, image: str = 'image', id: str | None = None, ignore: Sequence[str] = (),
                 cache_dir: str | None = None, **kwargs: Any) -> None:
        split = args[2] if len(args) > 2 else kwargs.get('split', 'train')
        self.SPLITS = (split,)
        self.given_fields = {task: field for task, field in (kwargs.get('fields') or {}).items() if field is not None}
        super().__init__(*args, **kwargs)
        self.path, self.image, self.id, self.ignore, self.cache_dir = path, image, id, tuple(ignore), cache_dir
        self._columns = {task: rules['column'] for task, rules in self.rules.items()}
        self._table: Any = None  # the library's data set, with the columns of images and label maps
        self._last: tuple[int, Mapping[str, Any]] = (-1, {})

    def offered(self, tasks: Mapping[str, Any] | None) -> dict[str, str]:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        offers = super().offered(tasks)
        return {**dict.fromkeys(self.given_fields.values(), 'class_label'),
                **{self.given_fields.get(task, task): kind for task, kind in offers.items()}}

    @property
    def place(self) -> Path:
        """The folder or the pattern."""
        return self.data_root / self.path.format(split=self.split)

    def listing(self) -> pa.Table:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        table = self._opened()
        self._check_columns(table.column_names, table.features)
        count = len(table)
        arrow = table.data.table
        ids = self._ids(arrow[self.id]) if self.id else texts([str(number) for number in range(count)])
        columns = {ID: ids, ROW: numbers(np.arange(count))}
        without = np.flatnonzero(as_numpy(self._there(arrow, self.image)) == 0)
        if without.size:
            raise BadData(f"{self.place} has no image in the column '{self.image}' of {without.size} of {count} rows (the "
                          f'first is row {without[0]}): remove them.')
        for field in dict.fromkeys(self.fields.values()):
            if field in table.column_names:
                columns[VALUE + field] = self._values(arrow[field], field, table.features[field])
        for task in self.maps_read:
            if self._columns[task] in table.column_names:
                there = self._there(arrow, self._columns[task])
                columns[MAP + task] = pc.if_else(there, there, nothing(pa.bool_()))
        self._table = self._undecoded(table)
        return pa.table(columns)

    def _opened(self) -> Any:
        """The split, opened with the library."""
        try:
            import datasets
        except ImportError as error:
            raise ValueError(f"reading {self.place} needs Hugging Face's datasets: pip install datasets.") from error
        try:
            if self.place.is_dir():
                self.sources = (str(self.place.absolute()),)
                return self._of_folder(datasets.load_from_disk(str(self.place)), datasets)
            files = sorted(glob.glob(str(self.place)))  # noqa: PTH207 (the pattern may be absolute)
            wrong = [file for file in files if not file.endswith('.parquet')]
            if not files or wrong:
                found = f'{wrong[0]} is none' if wrong else 'there is none'
                raise BadData(f"{self.place} must be a folder of save_to_disk, or parquet files; {found}: correct path or "
                              'data_root. Tables of paths are read by Manifest, .tar shards by TarShards.')
            self.sources = tuple(str(Path(file).absolute()) for file in files)
            filled = [file for file in files if rows_of_parquet(Path(file))]
            if not filled:
                raise BadData(f'{self.place} has no rows: check path and data_root.')
            return datasets.Dataset.from_parquet(filled, cache_dir=self.cache_dir)  # it fails on files without rows
        except BadData:
            raise
        except Exception as error:  # the library's readers can raise anything
            said = str(error.__cause__ or error).splitlines() or ['']
            raise BadData(f"{self.place} is no data set that Hugging Face's datasets reads ({type(error).__name__}: "
                          f'{said[0]}): save it again.') from error

    def _of_folder(self, stored: Any, library: Any) -> Any:
        """The requested split of a folder.

        Raises:
            BadData: the folder contains other splits.
        """
        if isinstance(stored, library.DatasetDict):
            if self.split not in stored:
                raise BadData(f"{self.place} has no split '{self.split}'; it has {', '.join(stored)}.")
            return stored[self.split]
        own = str(stored.split) if stored.split is not None else None
        if own != self.split and '{split}' not in self.path and not (own is None and self.split == 'all'):
            raise BadData(f"{self.place} is {f'''the split '{own}' ''' if own else 'a data set without splits'}, asked for "
                          'is '
                          f"'{self.split}': give split={own or 'all'!r}, or a path with {{split}} in it.")
        return stored

    def _check_columns(self, names: Sequence[str], features: Mapping[str, Any]) -> None:
        needed = [self.image, *([self.id] if self.id else []), *self.given_fields.values(),
                  *(column for task, column in self._columns.items() if column != task or task in self.maps_read)]
        for column in needed:
            if column not in names:
                raise BadData(f"{self.place} has no column '{column}' (it has {', '.join(names)}): correct its name, or "
                              'leave its task out of the data set.')
        known = {self.image, self.id, *self._columns.values(), *self.fields.values(), *self.ignore, *self.maps}
        for column in names:
            if column not in known:
                raise BadData(f"{self.place} has a column '{column}' ({_kind(features[column])}) that no task knows (tasks: "
                              f"{', '.join(self.kinds)}): say which task reads it in fields=dict(task='{column}'), give it "
                              'as a '
                              f"label map, task=dict(column='{column}'), or name it in ignore.")

    def _ids(self, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """The names of the samples.

        Raises:
            BadData: a name is missing or occurs twice, or the column has other values than text and numbers.
        """
        where = f"{self.place}: the column '{self.id}'"
        ids = as_text(column, where)
        cure = 'choose another column, or leave id out'
        if ids.null_count:
            row = int(np.flatnonzero(as_numpy(ids.is_valid()) == 0)[0])
            raise BadData(f'{where} names the samples, but row {row} has no name: {cure}.')
        twice = first_twice(ids)
        if twice is not None:
            raise BadData(f"{where} names the samples, but two have the name '{twice}': {cure}.")
        return ids

    def _there(self, table: pa.Table, name: str) -> pa.ChunkedArray:
        """(N,) whether the rows have an image or a label map in a column.

        Raises:
            BadData: the column's type can hold neither.
        """
        column = table[name]
        if pa.types.is_struct(column.type):
            parts = dict(zip((field.name for field in column.type), column.flatten(), strict=True))
            there = [parts[part].is_valid() for part in ('bytes', 'path') if part in parts]
            if there:
                return there[0] if len(there) == 1 else pc.or_(*there)
        elif any(is_kind(column.type) for is_kind in STORES):
            return column.is_valid()
        raise BadData(f"{self.place}: the column '{name}' is {column.type}, but images and label maps are Image columns, "
                      'bytes of a file, arrays or paths: name another column.')

    def _values(self, column: pa.ChunkedArray, field: str, feature: Any) -> pa.ChunkedArray:
        """The values of a field: for a ClassLabel its numbers, or its names if a label map uses them."""
        names = list(getattr(feature, 'names', None) or ())
        for task in [task for task, own in self.fields.items() if own == field] if names else ():
            rule = self.maps[task]
            if rule.values is not None and set(rule.values) & set(names):
                table = pa.chunked_array([texts(names)])
                return table.take(pc.if_else(pc.greater_equal(column, numbers(np.zeros(1, np.int64))[0]), column,
                                             nothing(column.type)))
            if rule.values is None and rule.groups is None:
                self._check_class_names(task, names)
        return column

    def _check_class_names(self, task: str, names: Sequence[str]) -> None:
        wanted = self.num_classes.setdefault(task, len(names))
        if wanted != len(names) and self.reads[task].name == 'class_label':
            raise BadData(f"{self.place} labels '{task}' with {len(names)} classes ({', '.join(names)}), the task has "
                          f'{wanted}: '
                          f'set num_classes={len(names)}, or translate with label_maps=dict({task}={{…}}).')
        self.CLASSES = {**self.CLASSES, task: tuple(names)}

    def _undecoded(self, table: Any) -> Any:
        """The columns from which samples are read; images as stored bytes."""
        import datasets

        wanted = dict.fromkeys([self.image, *(self._columns[task] for task in self.maps_read)])
        table = table.select_columns([name for name in wanted if name in table.column_names])
        for name, feature in table.features.items():
            if isinstance(feature, datasets.Image):
                table = table.cast_column(name, datasets.Image(decode=False))
        return table

    def source_name(self, entry: Entry, role: str) -> str:
        """See :class:`~mtkd.datasets.base.TaskDataset`; the row and the column."""
        column = self.image if role == 'image' else self._columns.get(role, self.fields.get(role, role))
        return f"{self.place} row {entry['row'][ROW]}, column '{column}'"

    def part(self, entry: Entry, role: str) -> Source | None:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        column = self.image if role == 'image' else self._columns[role]
        number = entry['row'][ROW]
        if self._last[0] != number:
            self._last = (number, self._table[number])
        value = self._last[1].get(column)
        where = self.source_name(entry, role)
        if isinstance(value, Mapping):  # of an Image column
            value = value['bytes'] if value.get('bytes') is not None else value.get('path')
        if value is None:
            return None
        if isinstance(value, bytes):
            suffix = next((suffix for start, suffix in STARTS.items() if value.startswith(start)), '.png')
            return Blob(where, suffix, value)
        if isinstance(value, str):
            return self._below_root(value, where)
        return self._array(value, self._table.features[column], where)

    def _array(self, value: Any, feature: Any, where: str) -> Blob:
        try:
            array = np.asarray(value, getattr(feature, 'dtype', None) if hasattr(feature, 'shape') else None)
        except ValueError as error:
            raise BadData(f'{where} is no array, because its rows differ in length: store it again.') from error
        if array.dtype.kind not in 'buif':
            raise BadData(f'{where} is {array.dtype}, a label map holds numbers: name another column.')
        return Blob(where, array=array)

    def _below_root(self, text: str, where: str) -> Path:
        path = self.data_root / text
        if not path.is_relative_to(self.data_root) or '..' in path.relative_to(self.data_root).parts or not path.is_file():
            raise BadData(f'{where} names {text}, which is no file below data_root {self.data_root}: correct the path.')
        return path

    def check_files(self, entries: Sequence[Entry]) -> None:
        """Files named by rows are checked when they are read."""


def _kind(feature: Any) -> str:
    return str(getattr(feature, 'dtype', None) or type(feature).__name__)
