"""Conversion of a column of an Arrow table to image-level labels, without one Python object per row."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..label_map import NOTHING, LabelMap, as_key
from .arrow_values import as_numpy, nothing, texts

EXACT = 2 ** 53  # integers up to this are exact floats


def translated(column: pa.ChunkedArray, rule: LabelMap) -> tuple[np.ndarray, Counter[str]]:
    """The labels of a column, equal to those of :meth:`~mtkd.datasets.label_map.LabelMap.translate`.

    Args:
        column: (N,) text, numbers, or a dictionary of these; null is missing.
        rule: translates values.

    Returns:
        (N,) int64 classes with -1, or float64 numbers with NaN, for missing labels; and the counts of unknown values.
    """
    quick = _all_as_numbers(column, rule)
    if quick is not None:
        return quick, Counter()
    codes, values = _coded(column)
    labels, unknown = rule.translate(values)
    if unknown:
        counts = np.bincount(codes, minlength=len(values))
        keys = [as_key(value) for value in values]
        unknown = Counter(dict.fromkeys(unknown, 0))
        for key, count in zip(keys, counts.tolist(), strict=True):
            if key in unknown:
                unknown[key] += count
    missing, dtype = (-1, np.int64) if rule.kind == 'class_label' else (np.nan, np.float64)
    table = np.array([missing if label is None else label for label in labels], dtype)
    return table[codes], unknown


def _coded(column: pa.ChunkedArray) -> tuple[np.ndarray, list]:
    """(N,) codes of the column's values, and the values; the last one is None for null."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    codes = as_numpy(encoded.indices, -1)
    return np.where(codes < 0, len(values), codes), [*values, None]


def _all_as_numbers(column: pa.ChunkedArray, rule: LabelMap) -> np.ndarray | None:
    """See :func:`_as_numbers`; chunk by chunk, because intermediate results take more memory than the labels."""
    labels: np.ndarray = np.empty(len(column), np.int64 if rule.kind == 'class_label' else np.float64)
    start = 0
    for chunk in column.chunks:
        part = _as_numbers(chunk, rule)
        if part is None:
            return None
        labels[start:start + len(part)] = part
        start += len(part)
    return labels


def _as_numbers(column: pa.Array, rule: LabelMap) -> np.ndarray | None:
    """The labels if every value is missing or a number that is its own label; otherwise None."""
    if rule.values is not None or rule.groups is not None or pa.types.is_boolean(column.type):
        return None
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        trimmed = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.is_in(pc.utf8_lower(trimmed), texts(NOTHING, column.type)), nothing(column.type), trimmed)
    elif not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        return None
    try:
        numbers = as_numpy(pc.cast(column, pa.float64()), np.nan)
    except pa.ArrowInvalid:
        return None
    if np.isinf(numbers).any() or np.abs(numbers[~np.isnan(numbers)]).max(initial=0) > EXACT:
        return None
    if rule.kind == 'class_label':
        there = np.nan_to_num(numbers, nan=-1.0)
        return there.astype(np.int64) if (there == np.floor(there)).all() else None
    return np.clip(numbers, *rule.limits) if rule.limits else numbers
