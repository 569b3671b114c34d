"""Custom images: a table with a column of paths and a column per task."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mtkd.registry import DATASETS
from mtkd.structures import TargetKind

from ..base import BadData, Entry
from ..blob import Source
from ..label_map import NOTHING
from .arrow_rows import HeldTable
from .arrow_values import as_text, first_twice, nothing, text, texts
from .present_files import check_present
from .row_dataset import ID, MAP, VALUE, RowDataset
from .tables import SUFFIXES, read_batches


@DATASETS.register_module()
class Manifest(RowDataset):
    """A ``.csv``, ``.tsv``, ``.jsonl`` or ``.parquet`` table: the images' paths and one column per task, empty where
    unlabelled.

    Example::

        dict(type='Manifest', data_root='rooms', table='rooms.csv', path='photo',       # photo,scene,height,mask
             label_maps=dict(scene=dict(kitchen=0, office=1)),
             depth=dict(column='height', scale=0.001), semseg=dict(column='mask', folder='masks', map={0: 0, 255: 1}))

    A column is the label of the task with its name, or of the task given by ``fields``. Values are translated by
    ``label_maps``; without a map they are class ids or numbers. A label map is an argument with its task's name
    (:class:`~mtkd.datasets.own.row_dataset.RowDataset`): its ``column`` contains one path per row, relative to ``folder`` in
    ``data_root``. An image-level task without a column is absent from the whole set. An unknown column is an error, unless
    it is in ``ignore``. With a column ``split``, only rows of :attr:`split` are served.

    The table is read in batches and stored by Arrow: a million rows take tens of megabytes, which worker processes share.

    Args:
        args: see :class:`~mtkd.datasets.own.row_dataset.RowDataset`; ``tasks`` must be given (the engine does), or label
            maps.
        table: name of the file below ``data_root``; ``{split}`` in it is the split; any split is allowed.
        path: column of the images' paths.
        images: folder below ``data_root`` to which the images' paths are relative.
        ignore: columns that are not labels.
        kwargs: see :class:`~mtkd.datasets.own.row_dataset.RowDataset`.

    Raises:
        ValueError: no tasks are given, or none of them is image-level or has a label map.
        BadData (on use): the table is missing or cannot be read, a column is missing or unknown, the table names a
            image twice or not at all, or a file does not exist.
    """

    PLACES = ('column', 'folder')

    def __init__(self, *args: Any, table: str = 'manifest.csv', path: str = 'path', images: str = '',
                 ignore: Sequence[str] = (), **kwargs: Any) -> None:
        split = args[2] if len(args) > 2 else kwargs.get('split', 'train')
        self.SPLITS = (split,)
        self.given_fields = {task: field for task, field in (kwargs.get('fields') or {}).items() if field is not None}
        self.named = {*(kwargs.get('label_maps') or {}), *(kwargs.get('keep') or ()), *self.given_fields.values()}
        super().__init__(*args, **kwargs)
        self.table, self.path, self.images, self.ignore = table, path, images, tuple(ignore)
        self._columns = {task: rules['column'] for task, rules in self.rules.items()}

    def offered(self, tasks: Mapping[str, TargetKind | str] | None) -> dict[str, str]:
        """A field for every image-level task; the table is checked for them when it is read."""
        offers = super().offered(tasks)
        fields = {self.given_fields.get(task, task): kind for task, kind in offers.items()}
        return {**dict.fromkeys(self.given_fields.values(), 'class_label'), **fields}

    def _check_names(self, argument: str, names: Any, offers: Mapping[str, str]) -> None:
        """Names are compared with the columns in :meth:`listing`: a table may have more columns than one run has tasks."""

    @property
    def file(self) -> Path:
        """The table."""
        return self.data_root / self.table.format(split=self.split)

    def listing(self) -> pa.Table:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        if self.file.suffix not in SUFFIXES:
            raise BadData(f'{self.file}: a manifest is a table ({", ".join(SUFFIXES)}); folders of Hugging Face data sets '
                          'are '
                          'read by HuggingFaceDataset, and .tar shards by TarShards.')
        self.sources = (str(self.file.absolute()),)
        schema, batches = read_batches(self.file)
        names = schema.names
        self._check_columns(names)
        wanted = {ID: self.path}
        wanted |= {VALUE + field: field for field in dict.fromkeys(self.fields.values()) if field in names}
        wanted |= {MAP + task: self._columns[task] for task in self.maps_read if self._columns[task] in names}
        types = {name: pa.string() if name == ID or name.startswith(MAP) else _plain(schema.field(column).type)
                 for name, column in wanted.items()}
        by_split = 'split' in names and 'split' not in self.ignore
        held = HeldTable(pa.schema(types.items()), self._selected(batches, wanted, types, by_split))
        self._check_paths(held.table[ID])
        return held.table  # memory-mapped: the file itself may be removed

    def _selected(self, batches: Iterator[pa.RecordBatch], wanted: Mapping[str, str], types: Mapping[str, pa.DataType],
                  by_split: bool) -> Iterator[pa.RecordBatch]:
        """The rows of the split with the required columns; paths without surrounding spaces, null for missing ones."""
        for batch in batches:
            if by_split:
                splits = as_text(batch['split'], f"{self.file}: the column 'split'")
                mine = pc.equal(pc.utf8_trim_whitespace(splits), text(self.split))
                batch = batch.filter(mine)  # null is not a split
            columns = []
            for name, column in wanted.items():
                if name.startswith(VALUE):
                    columns.append(pc.cast(batch[column], types[name]))
                    continue
                values = pc.utf8_trim_whitespace(as_text(batch[column], f"{self.file}: the column '{column}'"))
                columns.append(pc.if_else(pc.is_in(pc.utf8_lower(values), texts(NOTHING)), nothing(pa.string()), values))
            yield pa.RecordBatch.from_arrays(columns, schema=pa.schema(types.items()))

    def _check_columns(self, names: Sequence[str]) -> None:
        """Check that all required columns exist, and that all columns are known."""
        for column in (self.path, *self.given_fields.values()):
            if column not in names:
                raise BadData(f"{self.file} has no column '{column}' (it has {', '.join(names) or 'none'}): add it, or name "
                              'the '
                              f'right one in the config.')
        for name in self.named:
            if name not in names and name not in self.kinds:
                raise BadData(f"{self.name}: label_maps, keep or fields name '{name}', which is neither a task "
                              f'({", ".join(self.kinds)}) nor a column of {self.file} ({", ".join(names)}).')
        for task, rules in self.rules.items():
            if rules['column'] not in names and (task in self.maps_read or rules['column'] != task):
                raise BadData(f"{self.file} has no column '{rules['column']}' for {task}=dict(column=…) (it has "
                              f'{", ".join(names)}): correct the column, or leave {task}=dict(…) out of the data set.')
        own = {self.path, *(['split'] if 'split' in names else []), *self.ignore, *self._columns.values()}
        for column in names:
            if column not in own and column not in self.named and column not in self.fields.values():
                dense = column in self.kinds and self.kinds[column].spatial
                cure = (f'its cells name files of label maps, say {column}=dict() with their rules' if dense else
                        f"rename it, say which task reads it in fields=dict(task='{column}')")
                raise BadData(f"{self.file} has a column '{column}' that no task knows (tasks: {', '.join(self.kinds)}): "
                              f'{cure}, '
                              'or name it in ignore.')

    def _check_paths(self, paths: pa.ChunkedArray) -> None:
        if paths.null_count:
            raise BadData(f"{self.file} has a row without a path in the column '{self.path}': fill it in, or delete the "
                          'row.')
        twice = first_twice(paths)
        if twice is not None:
            raise BadData(f"{self.file} lists the image '{twice}' twice: remove one of the rows.")

    def check_files(self, entries: Sequence[Entry]) -> None:
        """See :class:`~mtkd.datasets.base.TaskDataset`; column by column."""
        assert self.held is not None
        where = f"{self.name} '{self.split}'"
        check_present(self.held.table[ID], self.data_root / self.images, self.data_root, where)
        for task in self.maps_read:
            if MAP + task in self.held.table.column_names:
                check_present(self.held.table[MAP + task], self._folder(task), self.data_root, where)

    def _folder(self, task: str) -> Path:
        return self.data_root / self.rules[task].get('folder', '')

    def files(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        maps = {task: self._folder(task) / row[MAP + task] for task in self.maps_read if row.get(MAP + task) is not None}
        return {'image': self.data_root / self.images / row[ID], **maps}

    def part(self, entry: Entry, role: str) -> Source | None:
        """See :class:`~mtkd.datasets.own.row_dataset.RowDataset`."""
        return entry['files'].get(role)


def _plain(kind: pa.DataType) -> pa.DataType:
    """The type of a column's values if they are dictionary-encoded."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind
