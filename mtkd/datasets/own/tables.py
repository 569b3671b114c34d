"""Reads a table of any length batch by batch: csv, tab-separated, JSON lines and parquet."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from ..bad_data import BadData
from ..tables import read_rows
from .arrow_values import text

SUFFIXES = ('.csv', '.tsv', '.txt', '.jsonl', '.parquet')
ROWS = 1 << 16  # rows per batch
BLOCK = 1 << 20  # bytes of text parsed at once
JSON_BLOCK = 1 << 22  # the same for JSON lines


def read_batches(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """The columns of a table and its rows in batches; all of a text table's columns are text.

    Args:
        path: ``.csv``, ``.tsv`` or ``.txt`` (tab-separated), ``.jsonl`` (one object per line) or ``.parquet``.

    Raises:
        BadData: the file does not exist or cannot be read, or a column name occurs twice; also while iterating.
    """
    if not path.is_file():
        raise BadData(f'{path} is missing: check data_root and the name of the file.')
    readers = {'.parquet': _parquet, '.jsonl': _json_lines}
    try:
        schema, batches = readers.get(path.suffix, _text)(path)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error
    twice = [name for name in schema.names if schema.names.count(name) > 1]
    if twice:
        raise BadData(f"{path} names the column '{twice[0]}' twice: rename one.")
    return schema, _told(path, batches)


def _told(path: Path, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BadData:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadData(f'{path} is not a readable {path.suffix} table ({said}): write it again.')


def _text(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """A csv or tab-separated table. If Arrow fails at a line, Python's reader continues there, or reports the line."""
    try:
        stored = _open_text(path, ()).schema.names
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        stored = list(next(read_rows(path), {}))  # reports the error, unless only Arrow fails
    schema = pa.schema([(name.strip(), pa.string()) for name in stored])
    return schema, _text_batches(path, stored, schema)


def _open_text(path: Path, columns: Sequence[str]) -> pyarrow.csv.CSVStreamingReader:
    """Read ``columns`` as text."""
    return pyarrow.csv.open_csv(
        path, pyarrow.csv.ReadOptions(block_size=BLOCK, use_threads=False),
        pyarrow.csv.ParseOptions(delimiter=',' if path.suffix == '.csv' else '\t', newlines_in_values=True),
        pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False))


def _text_batches(path: Path, stored: Sequence[str], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    done = 0
    try:
        for batch in _open_text(path, stored):
            batch = _without_blank_rows(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
            done += batch.num_rows
            yield batch
    except (pa.ArrowException, OSError):
        rows = islice(read_rows(path), done, None)
        while part := list(islice(rows, ROWS)):
            yield pa.RecordBatch.from_pylist(part, schema)


def _without_blank_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    blank = None
    for column in batch.columns:
        empty = pc.equal(pc.utf8_trim_whitespace(column), text(''))
        blank = empty if blank is None else pc.and_(blank, empty)
        if not pc.any(blank).as_py():  # usually after the first column
            return batch
    return batch.filter(pc.invert(blank)) if blank is not None else batch


def _parquet(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    file = pyarrow.parquet.ParquetFile(path, memory_map=True)
    return file.schema_arrow, file.iter_batches(ROWS)


def rows_of_parquet(path: Path) -> int:
    """Number of rows of a parquet file.

    Raises:
        BadData: the file is truncated or not in the format.
    """
    try:
        return pyarrow.parquet.read_metadata(path).num_rows
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _json_lines(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    table = pyarrow.json.read_json(path, pyarrow.json.ReadOptions(block_size=JSON_BLOCK, use_threads=False))
    return table.schema, iter(table.to_batches(ROWS))
