"""Check that the files of a column of paths exist, with one listing per folder and without Python objects per file."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..bad_data import BadData
from .arrow_values import as_numpy, numbers, text, texts

FEW = 4  # maximum number of files of a folder that are tested one by one, without listing the folder
LISTED = 1 << 16  # number of listed names compared at once
SHOWN = 3


def check_present(paths: pa.ChunkedArray, base: Path, data_root: Path, where: str) -> None:
    """Check that all files are below ``data_root`` and exist.

    A path with ``..``, or an absolute one elsewhere, is an error; see
    :meth:`~mtkd.datasets.base.TaskDataset.check_files`.

    Args:
        paths: text, relative to ``base``; null means no file.
        base: folder to which the paths are relative.
        data_root: folder that must contain them.
        where: name of the data set in messages.

    Raises:
        BadData: files are missing, or a path is not below ``data_root``.
    """
    paths = pc.drop_null(paths)
    folders = pc.replace_substring_regex(paths, pattern='[^/]*$', replacement='').dictionary_encode().unify_dictionaries()
    names = pc.replace_substring_regex(paths, pattern='^.*/', replacement='').cast(pa.binary()).combine_chunks()
    codes = np.concatenate([np.zeros(0, np.int32), *(as_numpy(chunk.indices) for chunk in folders.chunks)])
    order = np.argsort(codes, kind='stable')
    missing, first = 0, list[str]()
    start, shown = 0, max((chunk.dictionary for chunk in folders.chunks), key=len, default=texts([]))
    for folder, count in zip(shown.to_pylist(), np.bincount(codes, minlength=len(shown)).tolist(), strict=True):
        rows = order[start:start + count]
        start += count
        wanted = names.take(numbers(rows))
        place = base / folder
        inside = place.is_relative_to(data_root) and '..' not in place.relative_to(data_root).parts
        if data_root != Path() and not (inside and not pc.any(pc.equal(wanted, text(b'..', pa.binary()))).as_py()):
            raise BadData(f'{where}: {place / wanted[0].as_py().decode()} is not below data_root {data_root}: correct the '
                          'path, '
                          f'name a data_root that holds both, or make a symbolic link below it.')
        gone = np.flatnonzero(~_there(place, wanted))
        missing += len(gone)
        first += [str(place / wanted[int(number)].as_py().decode()) for number in gone[:SHOWN - len(first)]]
    if missing:
        more = f' and {missing - SHOWN} more' if missing > SHOWN else ''
        raise BadData(f'{where}: {missing} files are missing ({", ".join(first)}{more}): complete the data set, or take the '
                      'rows '
                      f'out of the table.')


def _there(folder: Path, wanted: pa.Array) -> np.ndarray:
    """(N,) bool: which names exist in a folder."""
    if not folder.is_dir():
        return np.zeros(len(wanted), bool)
    if len(wanted) <= FEW:
        return np.array([os.path.lexists(os.fsencode(folder) + b'/' + name) for name in wanted.to_pylist()], bool)
    found: np.ndarray = np.zeros(len(wanted), bool)
    for names in _listing(folder):
        found |= as_numpy(pc.is_in(wanted, texts(names, pa.binary()))).astype(bool)
    return found


def _listing(folder: Path) -> Iterator[list[bytes]]:
    with os.scandir(os.fsencode(folder)) as entries:
        while part := [entry.name for entry in islice(entries, LISTED)]:
            yield part
