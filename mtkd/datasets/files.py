"""Readers of the file formats of dense data sets; errors name the file and the remedy."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mtkd.structures.kinds import no_unit_vectors

from .bad_data import BadData
from .base import unit_normals
from .blob import Source, opened
from .picture_files import undecoded

REPAIR = 'replace the file, or remove the sample'


def read_grey(path: Source) -> np.ndarray:
    """(H, W) of a one-channel image file, palette indices and 16-bit values as stored.

    Raises:
        BadData: the file cannot be decoded, or has several channels.
    """
    array = np.array(_open(path))
    if array.ndim != 2:
        raise BadData(f'{path} has {array.shape[2]} channels, a map has one: {REPAIR}.')
    return array


def read_npy(path: Source) -> np.ndarray:
    """The array of an .npy file; pickles are refused.

    Raises:
        BadData: the file is not a plain array.
    """
    try:
        return np.load(opened(path), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise BadData(f'{path} is not a readable .npy array ({error}): {REPAIR}.') from error


def read_mat(path: Source, key: str) -> Any:
    """The variable ``key`` of a MATLAB file (up to version 7.2), structs as dictionaries.

    Raises:
        BadData: the file cannot be read or has no such variable.
    """
    import scipy.io  # late: few data sets have MATLAB files
    try:
        contents = scipy.io.loadmat(opened(path), simplify_cells=True)
    except Exception as error:  # scipy's parser raises various errors: ValueError, TypeError, zlib.error, ...
        raise BadData(f'{path} is not a readable MATLAB file ({type(error).__name__}: {error}): {REPAIR}; a version 7.3 '
                      f'file must be saved again with -v7.') from error
    if key not in contents:
        names = ', '.join(name for name in contents if not name.startswith('__'))
        raise BadData(f"{path} has no variable '{key}' (it has {names or 'none'}): {REPAIR}.")
    return contents[key]


def read_list(path: Path) -> list[str]:
    """The ids of a split, one per line.

    Raises:
        BadData: the file does not exist, or an id is listed twice.
    """
    if not path.is_file():
        raise BadData(f'{path} is missing: data_root must be the folder that holds it.')
    ids = path.read_text().split()
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise BadData(f"{path} lists '{twice}' more than once: remove the repetition.")
    return ids


def class_ids(array: np.ndarray, path: Source, top: int = 255) -> np.ndarray:
    """(H, W) int32 of a map of whole numbers from 0 to ``top``, stored in any type.

    Raises:
        BadData: it is not a map, or a value is not such a number.
    """
    if array.ndim != 2 or array.dtype.kind not in 'buif':
        raise BadData(f'{path} holds {array.dtype} of shape {array.shape}, not (H, W) whole numbers: {REPAIR}.')
    wrong = array[~((array >= 0) & (array <= top) & (array == np.floor(array)))]
    if wrong.size:
        raise BadData(f'{path} holds {wrong[0]}, allowed are whole numbers from 0 to {top}: {REPAIR}.')
    return array.astype(np.int32)


def stored_normals(array: np.ndarray, path: Source) -> np.ndarray:
    """Convert stored normals to (H, W, 3) float32 unit vectors, zero where invalid.

    Args:
        array: (H, W, 3) unit vectors as floats, perhaps blended and slightly short; or 8-bit colours, ``2 x / 255 - 1``.
        path: their file.

    Raises:
        BadData: they are neither.
    """
    if array.dtype == np.uint8:
        return unit_normals(array.astype(np.float32) * np.float32(2 / 255) - 1)
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype.kind != 'f':
        raise BadData(f'{path} holds {array.dtype} of shape {array.shape}, normals are (H, W, 3) floats or 8-bit colours: '
                      f'{REPAIR}.')
    if not np.isfinite(array).all():
        raise BadData(f'{path}: some of its normals are NaN or infinite: {REPAIR}.')
    wrong = no_unit_vectors(array)
    if wrong:
        raise BadData(f'{path} holds no normals: {wrong}: {REPAIR}.')
    return unit_normals(np.ascontiguousarray(array, np.float32))


def _open(path: Source) -> Image.Image:
    try:
        with Image.open(opened(path)) as image:
            image.load()
            return image.copy()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadData(f'{path} is not a readable image ({undecoded(error)}): {REPAIR}.') from error
