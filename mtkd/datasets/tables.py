"""Reading tables: csv and tab-separated files, and parquet where pyarrow is installed."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .base import BadData

Table = dict[str, list[Any]]  # column -> one value per row: text from csv; also numbers and None from parquet

csv.field_size_limit(1 << 24)  # FER-2013 keeps whole images in a field


def read_table(path: Path, needed: Sequence[str] = (), header: Sequence[str] | None = None) -> Table:
    """The columns of ``*.parquet``, ``*.csv``, or a tab-separated ``*.tsv`` or ``*.txt``.

    Args:
        path: the file.
        needed: columns it must have.
        header: column names of a file whose first line does not contain all of ``needed``; None: the first line has the
            names.

    Raises:
        BadData: the file does not exist or cannot be read, a column is missing or occurs twice, or a row has too few or too
            many fields.
        ValueError: it is a parquet file and pyarrow is not installed.
    """
    if path.suffix == '.parquet':
        table = _parquet(path)
        _check_columns(path, list(table), needed)
        return table
    rows = list(read_rows(path, needed, header))
    return {column: [row[column] for row in rows] for column in (rows[0] if rows else needed)}


def read_rows(path: Path, needed: Sequence[str] = (), header: Sequence[str] | None = None) -> Iterator[dict[str, str]]:
    """The rows of a text table one by one, for tables that do not fit into memory; otherwise like :func:`read_table`."""
    if not path.is_file():
        raise BadData(f'{path} is missing: check data_root and the name of the file.')
    try:
        with path.open(newline='', encoding='utf-8-sig') as file:
            lines = csv.reader(file, delimiter=',' if path.suffix == '.csv' else '\t')
            yield from _rows(path, lines, needed, header)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadData(f'{path} is not a readable table ({error}): save it again as UTF-8 text.') from error


def _rows(path: Path, lines: Any, needed: Sequence[str], header: Sequence[str] | None) -> Iterator[dict[str, str]]:
    columns: list[str] = []
    for row in lines:
        if not any(field.strip() for field in row):
            continue
        if not columns:
            columns = [field.strip() for field in row]
            named = header is None or set(needed) <= set(columns)
            columns = columns if named or header is None else list(header)
            _check_columns(path, columns, needed)
            if named:
                continue
        if len(row) == len(columns) + 1 and not row[-1].strip():
            row.pop()  # a separator at the end of the line
        if len(row) != len(columns):
            raise BadData(f'{path} line {lines.line_num} has {len(row)} fields, its header names {len(columns)}: repair '
                          f'the line.')
        yield dict(zip(columns, row, strict=True))
    if not columns:
        raise BadData(f'{path} is empty: a table starts with a line that names its columns.')


def _check_columns(path: Path, columns: Sequence[str], needed: Sequence[str]) -> None:
    for column in needed:
        if column not in columns:
            raise BadData(f"{path} has no column '{column}' (it has {', '.join(columns) or 'none'}): add it, or name the "
                          f'right one in the config.')
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise BadData(f"{path} names the column '{twice[0]}' twice: rename one.")


def _parquet(path: Path) -> Table:
    if not path.is_file():
        raise BadData(f'{path} is missing: check data_root and the name of the file.')
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ValueError(f'reading {path} needs pyarrow: pip install pyarrow, or save the table as csv.') from error
    try:
        return parquet.read_table(path).to_pydict()
    except Exception as error:  # pyarrow's own errors derive from several built-in ones
        raise BadData(f'{path} is not a readable parquet file ({type(error).__name__}: {error}): write it again.') from error
