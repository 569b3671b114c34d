"""Conversion between Arrow and NumPy through their buffers.

``pyarrow.array``, ``pyarrow.scalar``, ``to_numpy`` of columns, ``to_pandas_dtype`` and every compute function that is given
a Python value import pandas where it is installed, which takes seconds and tens of megabytes (pyarrow 26.0); these do not.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..bad_data import BadData

FLOATS = {'halffloat': 'float16', 'float': 'float32', 'double': 'float64'}  # Arrow's names of these types -> NumPy's


def texts(values: Sequence[str | bytes], kind: pa.DataType | None = None) -> pa.Array:
    """(N,) text, or bytes with ``kind=pyarrow.binary()``."""
    encoded = [value.encode() if isinstance(value, str) else value for value in values]
    ends: np.ndarray = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=ends[1:])
    large = pa.large_binary() if kind == pa.binary() else pa.large_string()
    content = pa.py_buffer(b''.join(encoded))
    return pa.Array.from_buffers(large, len(encoded), [None, pa.py_buffer(ends), content]).cast(kind or pa.string())


def optional_texts(values: Sequence[str | None]) -> pa.Array:
    """(N,) text, null where there is None."""
    there = numbers(np.fromiter((value is not None for value in values), np.uint8, len(values))).cast(pa.bool_())
    return pc.if_else(there, texts([value or '' for value in values]), nothing(pa.string()))


def text(value: str | bytes, kind: pa.DataType | None = None) -> pa.Scalar:
    """One text, or bytes with ``kind=pyarrow.binary()``."""
    return texts([value], kind)[0]


def numbers(values: np.ndarray) -> pa.Array:
    """(N,) of the type of the values, without copying."""
    held = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(held.dtype), len(held), [None, pa.py_buffer(held)])


def as_text(column: pa.ChunkedArray | pa.Array, where: str) -> Any:
    """(N,) text of a column of text or numbers.

    Args:
        column: the column.
        where: its name in messages.

    Raises:
        BadData: it holds something else: lists, structures, or bytes that are not UTF-8.
    """
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException as error:
        raise BadData(f'{where} is {column.type}, where text is expected: name another column, or store its values as '
                      'text.') from error


def first_twice(column: pa.ChunkedArray) -> str | None:
    """The first text that occurs twice in a column; None if there is none."""
    if pc.count_distinct(column).as_py() == len(column):
        return None
    counts = pc.value_counts(column)
    return counts.filter(pc.greater(counts.field('counts'), numbers(np.ones(1, np.int64))[0]))[0]['values'].as_py()


def nothing(kind: pa.DataType) -> pa.Scalar:
    """The null value of a type."""
    return pa.nulls(1, kind)[0]


def as_numpy(column: pa.ChunkedArray | pa.Array, null: float | None = None) -> np.ndarray:
    """(N,) of a column of numbers or booleans (as uint8), with ``null`` for missing values."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    kind = pa.uint8() if pa.types.is_boolean(column.type) else column.type
    dtype = np.dtype(FLOATS.get(str(kind), str(kind)))
    parts: list[np.ndarray] = [np.zeros(0, dtype)]
    for chunk in chunks:
        stored = chunk.cast(kind)
        if stored.null_count:
            stored = pc.fill_null(stored, numbers(np.array([null], dtype))[0])
        parts.append(np.frombuffer(stored.buffers()[1], dtype, len(stored), stored.offset * dtype.itemsize))
    return parts[1] if len(parts) == 2 else np.concatenate(parts)
