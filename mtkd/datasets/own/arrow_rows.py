"""Tables of any length, stored by Arrow in a file that all processes map into memory, not as Python objects."""

import os
import re
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, overload

import pyarrow as pa

SMALL = 1 << 22  # maximum size in bytes of a table that stays in memory and is pickled itself
_NAME = re.compile(r'mtkd-rows-(\d+)-.*\.arrow')


class HeldTable:
    """An Arrow table that worker processes share, whether they fork or are spawned.

    A table of more than :data:`SMALL` bytes is stored in a temporary file (in ``TMPDIR``) that each process maps; pickling
    passes the file's name. The process that wrote the file removes it. Files of killed processes are removed by the next
    process.

    Args:
        schema: schema of the table.
        batches: parts of the table; they are written one by one, so that only one of them is in memory.

    Attributes:
        table: the table.
    """

    def __init__(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        self.path: str | None = None
        waiting = iter(batches)
        small, size = [], 0
        for batch in waiting:
            small.append(batch)
            size += batch.nbytes
            if size > SMALL:
                break
        if size <= SMALL:
            self.table = pa.Table.from_batches(small, schema).combine_chunks()
            return
        _remove_left_over_files()
        handle, self.path = tempfile.mkstemp('.arrow', f'mtkd-rows-{os.getpid()}-')
        os.close(handle)
        weakref.finalize(self, _remove, self.path, os.getpid())
        with pa.OSFile(self.path, 'wb') as file, pa.ipc.new_file(file, schema) as writer:
            for batch in small:
                writer.write_batch(batch)
            small.clear()
            for batch in waiting:
                writer.write_batch(batch)
        self.table = _mapped(self.path)

    @classmethod
    def of(cls, table: pa.Table) -> 'HeldTable':
        """Hold an existing table."""
        return cls(table.schema, table.to_batches())

    def __reduce__(self) -> tuple[Any, ...]:
        return (_held, (self.path,) if self.path else (None, self.table))

    def row(self, number: int) -> dict[str, Any]:
        """One row as Python objects, column -> value."""
        return {name: self.table.column(place)[number].as_py() for place, name in enumerate(self.table.column_names)}


class ArrowRows(Sequence):
    """The entries of a data set, created from a table's rows on access.

    Args:
        held: the table.
        entry: a row's number and values -> entry; picklable.
    """

    def __init__(self, held: HeldTable, entry: Callable[[int, dict[str, Any]], dict[str, Any]]) -> None:
        self.held, self.entry = held, entry

    def __len__(self) -> int:
        return self.held.table.num_rows

    @overload
    def __getitem__(self, number: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, number: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[place] for place in range(*number.indices(len(self)))]
        place = number + len(self) if number < 0 else number
        if not 0 <= place < len(self):
            raise IndexError(f'there are {len(self)} rows, none has the number {number}')
        return self.entry(place, self.held.row(place))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        number = 0
        for batch in self.held.table.to_batches(1 << 14):
            for row in batch.to_pylist():
                yield self.entry(number, row)
                number += 1


def _held(path: str | None, table: pa.Table | None = None) -> HeldTable:
    """A table held by another process, which owns the file."""
    held = HeldTable.__new__(HeldTable)
    held.path, held.table = path, table if path is None else _mapped(path)
    return held


def _mapped(path: str) -> pa.Table:
    with pa.memory_map(path) as file:
        return pa.ipc.open_file(file).read_all()


def _remove(path: str, owner: int) -> None:
    if os.getpid() == owner:  # forked workers also have the object
        with suppress(OSError):
            Path(path).unlink()


def _remove_left_over_files() -> None:
    """Remove the files of processes that ended without doing so."""
    for path in Path(tempfile.gettempdir()).glob('mtkd-rows-*.arrow'):
        named = _NAME.fullmatch(path.name)
        if named and not Path(f'/proc/{named[1]}').exists() and Path('/proc/self').exists():
            with suppress(OSError):
                path.unlink()
