"""Custom images: a table with a column of paths and a column per task."""

from collections.abc import Mapping, Sequence
from typing import Any

from mtkd.registry import DATASETS
from mtkd.structures import TargetKind

from ..base import BadData, Entry
from ..label_map import NOTHING
from ..tables import read_table
from .attributes import IMAGE_LEVEL, AttributeDataset


@DATASETS.register_module()
class Manifest(AttributeDataset):
    """A ``.csv``, ``.tsv`` or ``.parquet`` table: the images' paths and one column per task, empty where unlabelled.

    A column serves the task of its name, or the one that ``fields`` says. Values are translated by ``label_maps``; without
    one they are the class ids, or the numbers, themselves. A task without a column is absent from the whole set. A column
    that no task, map or field knows is a mistake, unless ``ignore`` names it. With a column ``split``, only rows of
    :attr:`split` are served. Parquet needs pyarrow.

    Args:
        args: see :class:`AttributeDataset`; ``tasks`` must be given (the engine does).
        table: name of the file below ``data_root``, ``{split}`` in it being the split; any split is allowed.
        path: column of the images' paths.
        images: folder below ``data_root`` that the paths start from.
        ignore: columns that are no labels.
        kwargs: see :class:`AttributeDataset`.

    Raises:
        ValueError: no tasks are given, or none that is a class or a number of a whole image.
        BadData (on use): the table is missing or does not read, lacks a column, has one that nothing knows, names a
            image twice or not at all.
    """

    def __init__(self, *args: Any, table: str = 'manifest.csv', path: str = 'path', images: str = '',
                 ignore: Sequence[str] = (), **kwargs: Any) -> None:
        split = args[2] if len(args) > 2 else kwargs.get('split', 'train')
        self.SPLITS = (split,)
        self.given_fields = {task: field for task, field in (kwargs.get('fields') or {}).items() if field is not None}
        self.named = {*(kwargs.get('label_maps') or {}), *(kwargs.get('keep') or ()), *self.given_fields.values()}
        super().__init__(*args, **kwargs)
        self.table, self.path, self.images, self.ignore = table, path, images, tuple(ignore)

    def offered(self, tasks: Mapping[str, TargetKind | str] | None) -> dict[str, str]:
        """A field for every image-level task; which of them there are is seen when the table is read."""
        kinds = {task: kind if isinstance(kind, str) else kind.name for task, kind in (tasks or {}).items()}
        fields = {self.given_fields.get(task, task): kind for task, kind in kinds.items() if kind in IMAGE_LEVEL}
        if not fields:
            raise ValueError("Manifest wants tasks that are classes or numbers of whole pictures, as in "
                             "tasks=dict(age='scalar', gender='class_label').")
        return {**dict.fromkeys(self.given_fields.values(), 'class_label'), **fields}

    def _served_kinds(self, offers: Mapping[str, str], own: Mapping[str, str], tasks: Mapping[str, Any] | None,
                      label_maps: Mapping[str, Any]) -> dict[str, str]:
        """A column has no kind of its own: each task reads it as what it is."""
        asked = {task: (tasks or {}).get(task, offers[field]) for task, field in own.items()}
        return {task: kind if isinstance(kind, str) else kind.name for task, kind in asked.items()}

    def _check_names(self, argument: str, names: Any, offers: Mapping[str, str]) -> None:
        """Names are compared with the columns, in :meth:`records`: a table may hold more than the tasks of one run."""

    def records(self) -> list[Entry]:
        """See :class:`AttributeDataset`."""
        file = self.data_root / self.table.format(split=self.split)
        table = read_table(file, [self.path, *self.given_fields.values()])
        for name in self.named:
            if name not in table and name not in self.kinds:
                raise BadData(f"{self.name}: label_maps, keep or fields name '{name}', which is neither a task "
                              f'({", ".join(self.kinds)}) nor a column of {file} ({", ".join(table)}).')
        own = {self.path, *(['split'] if 'split' in table else []), *self.ignore}
        for column in table:
            if column not in own and column not in self.named and column not in self.fields.values():
                raise BadData(f"{file} has a column '{column}' that no task knows (tasks: {', '.join(self.kinds)}): rename "
                              f"it, say which task reads it in fields=dict(task='{column}'), or name it in ignore.")
        rows = [row for row in range(len(table[self.path]))
                if 'split' not in table or 'split' in self.ignore or str(table['split'][row]).strip() == self.split]
        self._check_paths(file, [table[self.path][row] for row in rows])
        return [{'sample_id': str(table[self.path][row]).strip(),
                 'files': {'image': self.data_root / self.images / str(table[self.path][row]).strip()},
                 'values': {field: table[field][row] for field in self.fields.values() if field in table}} for row in rows]

    def _check_paths(self, file: Any, paths: Sequence[Any]) -> None:
        seen: set[str] = set()
        for path in paths:
            text = str(path or '').strip()
            if text.lower() in NOTHING:
                raise BadData(f"{file} has a row without a path in the column '{self.path}': fill it in, or delete the row.")
            if text in seen:
                raise BadData(f"{file} lists the picture '{text}' twice: remove one of the rows.")
            seen.add(text)
