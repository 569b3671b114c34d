"""Reads a dense label file in the form of its kind: class ids, depth, normals or a binary map."""

import importlib.util
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np

from mtkd.structures import IGNORE, KINDS

from ..base import BadData, unit_normals
from ..blob import Blob, Source, opened, suffix_of
from ..files import REPAIR, class_ids, read_grey, read_mat, read_npy
from ..picture_files import is_picture, read_picture

ENCODINGS = {  # stored value of a normal's component -> component in [-1, 1]
    'unit': lambda stored: stored,
    '0..255': lambda stored: stored * np.float32(2 / 255) - 1,
    '0..1': lambda stored: stored * 2 - 1,
    '0..65535': lambda stored: stored * np.float32(2 / 65535) - 1}
Rules = Mapping[str, Any]


def read_array(path: Source, key: str | None = None, colour: bool = False) -> np.ndarray:
    """The array in a file, by its suffix.

    Args:
        path: a file, or its content in memory: ``.npy``, ``.npz``, ``.mat``, ``.exr``, or an image (``.png``, ``.tif``,
            ``.jpg``, ...).
        key: name of the variable of an ``.npz`` or ``.mat``, or of the channel of an ``.exr``; may be omitted if there is
            only one.
        colour: whether to read an image as (H, W, 3) RGB; otherwise it is (H, W) with the stored values.

    Raises:
        BadData: the file cannot be read, or has no such variable.
    """
    if isinstance(path, Blob) and path.array is not None:
        return path.array
    suffix = suffix_of(path)
    if suffix == '.npy':
        return read_npy(path)
    if suffix == '.npz':
        return _only(_read_npz(path), key, path)
    if suffix == '.mat':
        return read_mat(path, key) if key else _only(_read_whole_mat(path), None, path)
    if suffix == '.exr':
        return _only(_read_exr(path), key, path)
    if is_picture(path):
        return read_picture(path, exif='refuse') if colour else read_grey(path)
    raise BadData(f"{path}: there is no reader for '{suffix}' files; convert them to .png, .tif, .npy, .npz, .mat or .exr.")


def read_label(path: Source, kind: str, rules: Rules) -> np.ndarray:
    """A label file in the NumPy form of its kind.

    Args:
        path: the file.
        kind: name of the kind of label.
        rules: rules of the kind, see :data:`RULES`.

    Raises:
        BadData: the file cannot be read, or its content does not follow the rules.
    """
    return READERS[kind](path, rules)


def class_map(path: Source, rules: Rules) -> np.ndarray:
    """(H, W) uint8 class ids, 255 where ignored."""
    if rules.get('palette'):
        return _by_palette(read_array(path, rules.get('key'), colour=True), rules['palette'], path)
    stored = class_ids(_flat(read_array(path, rules.get('key'))), path, top=2 ** 31 - 1)
    return mapped(stored, rules, path)


def mapped(stored: np.ndarray, rules: Rules, path: Any) -> np.ndarray:
    """(H, W) stored whole numbers -> (H, W) uint8 class ids, by ``map`` and ``ignore``.

    Raises:
        BadData: a value is not in ``map``, or is above 255 without a ``map``.
    """
    mapping = {int(raw): IGNORE if target is None else int(target) for raw, target in (rules.get('map') or {}).items()}
    ignore = {int(value) for value in _listed(rules.get('ignore'))}
    values, places = np.unique(stored, return_inverse=True)
    classes = []
    for value in values.tolist():
        if value in ignore:
            classes.append(IGNORE)
        elif mapping and value not in mapping:
            raise BadData(f"{path} holds the value {value}, which its map does not name "
                          f"({', '.join(map(str, mapping))}): add it to "
                          f'map (None or {IGNORE} ignores it), or to ignore.')
        elif not mapping and value > IGNORE:
            raise BadData(f'{path} holds the value {value}; class ids end at 254 and {IGNORE} is ignored: say what it '
                          'means in map.')
        else:
            classes.append(mapping.get(value, value))
    return np.asarray(classes, np.uint8)[places].reshape(stored.shape)


def binary_map(path: Source, rules: Rules) -> np.ndarray:
    """(H, W) uint8 in {0, 1, 255}; without ``map`` or ``threshold``, a file of 0 and 255 is one of 0 and 1."""
    stored = _flat(read_array(path, rules.get('key')))
    if rules.get('threshold') is not None:
        return (stored > rules['threshold']).astype(np.uint8)
    if rules.get('map') or rules.get('ignore') is not None:
        return mapped(class_ids(stored, path, top=2 ** 31 - 1), rules, path)
    values = np.unique(stored)
    if set(values.tolist()) <= {0, 1}:
        return stored.astype(np.uint8)
    if set(values.tolist()) <= {0, 255}:
        return (stored > 0).astype(np.uint8)
    odd = next(value for value in values.tolist() if value not in (0, 1, 255))
    raise BadData(f'{path} holds {odd}; a binary map is 0 and 1, or 0 and 255: give threshold=..., or map={{...}}.')


def depth_map(path: Source, rules: Rules) -> np.ndarray:
    """(H, W) float32 metres, 0 where invalid: ``scale`` times the stored number, ``1 / x`` of that with ``inverse=True``."""
    stored = _flat(read_array(path, rules.get('key')))
    whole = stored.dtype.kind in 'iu'
    if whole and rules.get('scale') is None:
        raise BadData(f'{path} stores depth as {stored.dtype}: say how many metres one unit is, scale=0.001 for '
                      'millimetres.')
    depth: np.ndarray = stored.astype(np.float64)
    invalid = ~np.isfinite(depth) | (depth <= 0)
    for value in _listed(rules.get('invalid')):
        invalid |= depth == value
    depth = depth * float(rules.get('scale') or 1.0)
    if rules.get('inverse'):
        depth = 1 / np.where(invalid, 1.0, depth)
    return np.where(invalid, 0.0, depth).astype(np.float32)


def normal_map(path: Source, rules: Rules) -> np.ndarray:
    """(H, W, 3) float32 unit vectors, zero where invalid; ``encoding`` of :data:`ENCODINGS`, ``axes`` as in ``'x-yz'``."""
    picture = is_picture(path)
    stored = np.asarray(read_array(path, rules.get('key'), colour=picture))
    if stored.ndim == 3 and stored.shape[0] == 3 and stored.shape[2] != 3:
        stored = stored.transpose(1, 2, 0)
    if stored.ndim != 3 or stored.shape[2] != 3:
        raise BadData(f'{path} is {stored.shape}, normals are (H, W, 3): {REPAIR}.')
    encoding = rules.get('encoding') or ('0..255' if stored.dtype == np.uint8 else 'unit')
    empty = (stored == 0).all(2)  # black is not a vector in any encoding
    vectors = ENCODINGS[encoding](stored.astype(np.float32))
    longest = float(np.abs(vectors).max(initial=0))
    if not np.isfinite(longest) or longest > 1.01:
        raise BadData(f"{path} holds components up to {longest:g} with encoding='{encoding}', a unit vector's are within "
                      "[-1, 1]: "
                      f'choose one of {", ".join(ENCODINGS)}.')
    vectors = np.where(empty[..., None], np.float32(0), vectors)
    return unit_normals(_turned(vectors, rules.get('axes') or 'xyz', path))


READERS: dict[str, Callable[[Source, Rules], np.ndarray]] = {
    'class_map': class_map, 'binary_map': binary_map, 'edge_map': binary_map, 'depth': depth_map, 'normals': normal_map}
RULES: dict[str, tuple[str, ...]] = {  # the keys of a label's dictionary, by kind
    'class_map': ('key', 'classes', 'map', 'ignore', 'palette', 'coco', 'panoptic'),
    'binary_map': ('key', 'map', 'ignore', 'threshold'), 'edge_map': ('key', 'map', 'ignore', 'threshold'),
    'depth': ('key', 'scale', 'invalid', 'inverse'), 'normals': ('key', 'encoding', 'axes')}


USUAL = {'semseg': 'class_map', 'human_parts': 'class_map', 'sal': 'binary_map', 'edge': 'edge_map', 'depth': 'depth',
         'normals': 'normals'}  # kind of a task's label if neither the label nor the engine gives it
ANNOTATIONS = ('coco', 'panoptic')  # rules that read one file with the labels of all images


def label_kind(task: str, rules: Rules, asked: Mapping[str, str], owner: str) -> str:
    """The kind of a task's label: that of its rules, the requested one, or the usual one for the task's name.

    Args:
        task: the task.
        rules: its label's rules.
        asked: task -> kind requested by the engine.
        owner: name of the data set's type, for the errors.

    Raises:
        ValueError: the kind is not given, or labels of this kind cannot be in a file.
    """
    kind = rules.get('kind') or asked.get(task) or USUAL.get(task)
    if kind is None:
        raise ValueError(f"{owner}: {task}: say which kind of label it is, kind='class_map' for instance; there are "
                         f'{", ".join(RULES)}.')
    if kind not in RULES:
        near = get_close_matches(kind, KINDS, n=1)
        raise ValueError(f"{owner}: {task}: a label in a file cannot be of kind '{kind}'"
                         + (f" (did you mean '{near[0]}'?)" if near and near[0] in RULES else '')
                         + f'; use {", ".join(RULES)}.')
    return kind


def check_rules(task: str, kind: str, rules: Rules, owner: str, places: Sequence[str]) -> None:
    """Check that the kind supports the rules, and that they are valid.

    Args:
        task: the task.
        kind: kind of its label.
        rules: its dictionary.
        owner: name of the data set's type, for the errors.
        places: keys for the place of the label.

    Raises:
        ValueError: a rule is unknown or invalid.
    """
    known = (*places, 'kind', *(rule for rule in RULES[kind] if rule not in ANNOTATIONS or rule in places))
    for name in rules:
        if name not in known:
            raise ValueError(f"{owner}: {task}=dict({name}=...) is not known for a {kind} label; it takes "
                             f"{', '.join(dict.fromkeys(known))}.")
    if rules.get('encoding') is not None and rules['encoding'] not in ENCODINGS:
        raise ValueError(f"{owner}: {task}: encoding='{rules['encoding']}' is unknown; choose one of "
                         f"{', '.join(ENCODINGS)}.")
    if kind == 'normals':
        _turned(np.zeros((1, 1, 3), np.float32), rules.get('axes') or 'xyz', f'{owner}: {task}')
    for target in (rules.get('map') or {}).values():
        if target is not None and not (isinstance(target, int) and 0 <= target <= IGNORE):
            raise ValueError(f'{owner}: {task}: map sends something to {target!r}; a class is a whole number from 0 to 254, '
                             f'and None or {IGNORE} means ignored.')


def _listed(values: Any) -> Sequence[Any]:
    if values is None:
        return ()
    return tuple(values) if isinstance(values, list | tuple | set) else (values,)


def _flat(stored: Any) -> np.ndarray:
    """(H, W) of a map that may be stored as (H, W, 1) or (1, H, W)."""
    array = np.asarray(stored)
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        return array[..., 0] if array.shape[2] == 1 else array[0]
    return array


def _by_palette(colours: np.ndarray, palette: Any, path: Source) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (H, W) uint8 index into ``palette``: a list of colours, or a dictionary colour -> class."""
    pairs = palette.items() if isinstance(palette, Mapping) else [(colour, index) for index, colour in enumerate(palette)]
    table = {_code(colour): IGNORE if target is None else int(target) for colour, target in pairs}
    codes = (colours[..., 0].astype(np.int32) << 16) | (colours[..., 1].astype(np.int32) << 8) | colours[..., 2]
    values, places = np.unique(codes, return_inverse=True)
    for value in values.tolist():
        if value not in table:
            raise BadData(f'{path} holds the colour ({value >> 16}, {value >> 8 & 255}, {value & 255}), which its '
                          'palette does not '
                          f'name: add it (None ignores it).')
    return np.asarray([table[value] for value in values.tolist()], np.uint8)[places].reshape(codes.shape)


def _code(colour: Any) -> int:
    """An (r, g, b), or '#rrggbb', as one number."""
    if isinstance(colour, str):
        return int(colour.lstrip('#'), 16)
    red, green, blue = (int(part) for part in colour)
    return red << 16 | green << 8 | blue


def _turned(vectors: np.ndarray, axes: str, where: Any) -> np.ndarray:
    """(H, W, 3) with the stored components in the order and with the signs of ``axes``, as in ``'x-yz'``."""
    picked: list[np.ndarray] = []
    sign = 1
    for letter in axes:
        if letter == '-':
            sign = -1
        elif letter in 'xyz':
            picked.append(sign * vectors[..., 'xyz'.index(letter)])
            sign = 1
        else:
            picked = []
            break
    if len(picked) != 3 or sorted(axes.replace('-', '')) != ['x', 'y', 'z']:
        raise ValueError(f"{where}: axes='{axes}' is no order of x, y and z with signs, as in 'x-yz'.")
    return np.stack(picked, axis=-1)


def _only(variables: Mapping[str, Any], key: str | None, path: Source) -> np.ndarray:
    names = ', '.join(variables) or 'none'
    if key is None and len(variables) == 1:
        return np.asarray(next(iter(variables.values())))
    if key is None:
        raise BadData(f'{path} has several variables ({names}): say which with key=....')
    if key not in variables:
        raise BadData(f"{path} has no variable '{key}' (it has {names}): correct key.")
    return np.asarray(variables[key])


def _read_npz(path: Source) -> dict[str, np.ndarray]:
    try:
        with np.load(opened(path), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadData(f'{path} is not a readable .npz file ({error}): {REPAIR}.') from error


def _read_whole_mat(path: Source) -> dict[str, Any]:
    import scipy.io  # late: few data sets have MATLAB files
    try:
        contents = scipy.io.loadmat(opened(path), simplify_cells=True)
    except Exception as error:  # scipy's parser can raise anything
        raise BadData(f'{path} is not a readable MATLAB file ({type(error).__name__}: {error}): {REPAIR}; a version 7.3 '
                      'file must be '
                      f'saved again with -v7.') from error
    return {name: value for name, value in contents.items() if not name.startswith('__')}


def _read_exr(path: Source) -> dict[str, np.ndarray]:
    """The channels of an OpenEXR image, read with the OpenEXR package because OpenCV 5.0's wheels do not support it."""
    if importlib.util.find_spec('OpenEXR') is None:
        raise BadData(f'{path}: OpenEXR images need the package OpenEXR: pip install OpenEXR.')
    import OpenEXR

    try:
        with _on_disk(path) as place, OpenEXR.File(str(place)) as file:
            return {name: np.array(channel.pixels) for name, channel in file.channels().items()}
    except (RuntimeError, ValueError, OSError, struct.error) as error:
        raise BadData(f'{path} is not a readable OpenEXR image ({error}): {REPAIR}.') from error


@contextmanager
def _on_disk(path: Source) -> Iterator[Path]:
    """A file with the content, for a reader that only takes paths."""
    if not isinstance(path, Blob):
        yield path
        return
    with NamedTemporaryFile(suffix=path.suffix) as file:
        file.write(path.content)
        file.flush()
        yield Path(file.name)
