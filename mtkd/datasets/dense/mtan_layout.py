"""Reads the folder layout of MTAN's data releases: one .npy file per sample and kind of label."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mtkd.structures import IGNORE, Sample, Size

from ..base import BadData, Entry, TaskDataset, unit_normals
from ..files import read_npy, stored_normals

HALF_GREY = 0.5 / 255  # tolerance for rounding to 8 bits
MIN_NORM = 0.5  # of a normal after resizing; shorter ones mix opposite, or valid and invalid, vectors
MISSING_CLASS = -1
REPAIR = 'replace the file, or take the sample out of every folder'


class MTANLayout(TaskDataset):
    """A data set stored as ``<split>/<folder>/<number>.npy`` with one folder for images and one per kind of label.

    The files contain images (H, W, 3) as fractions, class maps (H, W) with -1 unlabelled, depths (H, W, 1) or (H, W) with 0
    invalid and normals (H, W, 3) with the zero vector invalid. The data set serves uint8 images (``round(255 x)``, the
    original values if the release was not resampled) and class 255 for -1. Normals are normalised to unit length, unlike in
    the code bases that read this layout; this has no effect on a release of unit vectors.

    A subclass defines the folder of each task in :attr:`FOLDERS`; the first folder that exists is read.

    Args:
        size: (height, width) to which samples are resized on reading, before they are cached: a reduced protocol, in
            training and in scoring. Images by area (bilinear if enlarged), class maps and depths by the nearest pixel,
            normals bilinearly and normalised again. None: as stored.
        **kwargs: see :class:`~mtkd.datasets.base.TaskDataset`.

    Raises:
        ValueError: ``size`` is not two positive numbers.
        BadData: on use, a folder is missing, folders contain different samples, or the content of a file is invalid.

    Source: fact sheet 2.3 and 2.4 (Liu et al., CVPR 2019, and LibMTL, which reads the same folders).
    """

    FOLDERS: dict[str, tuple[str, ...]] = {'image': ('image',)}  # 'image' or task -> possible names of its folder

    def __init__(self, *args: Any, size: Size | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise ValueError(f'size={size} of {type(self).__name__}: use (height, width) in pixels, or None.')
        self.size = None if size is None else (int(size[0]), int(size[1]))

    def load_data_list(self) -> list[Entry]:
        folders = {role: self._folder(role) for role in ('image', *self.reads)}
        names = {role: {path.name for path in folder.iterdir() if path.suffix == '.npy'}
                 for role, folder in folders.items()}
        pictures = names['image']
        for role, there in names.items():
            if there != pictures:
                raise BadData(f'{folders[role]} holds {len(there)} samples and {folders["image"]} {len(pictures)}; the '
                              f'first that only one of them has is {_first(there ^ pictures)}: complete the data set.')
        for name in pictures:
            if not Path(name).stem.isdigit():
                raise BadData(f'{folders["image"] / name} is not named by a number: rename it, or take it away.')
        return [{'sample_id': Path(name).stem, 'files': {role: folder / name for role, folder in folders.items()}}
                for name in sorted(pictures, key=_number)]

    def _folder(self, role: str) -> Path:
        """The folder of images or of a task's labels."""
        places = [self.data_root / self.split / name for name in self.FOLDERS[role]]
        for place in places:
            if place.is_dir():
                return place
        also = ''.join(f' (nor is there {place.name})' for place in places[1:])
        leave = '' if role == 'image' else f", or take '{role}' out of the tasks"
        raise BadData(f'{places[0]} is missing{also}: data_root must be the folder that holds {self.split}/{leave}.')

    def read(self, entry: Entry) -> Sample:
        files = entry['files']
        image = read_picture(files['image'])
        targets = {}
        for task in self.reads:
            label = READERS[self.OFFERS[task]](files[task])
            if label.shape[:2] != image.shape[:2]:
                raise BadData(f'{files[task]} is {_by(label)}, its image {_by(image)}: {REPAIR}.')
            targets[task] = self._fitted(label, self.OFFERS[task])
        grey = cv2.convertScaleAbs(self._fitted(image, 'picture'), alpha=255)  # rounds
        return Sample(image=grey, targets=targets, meta={})

    def _fitted(self, array: np.ndarray, kind: str) -> np.ndarray:
        """An image or label at :attr:`size`."""
        if self.size is None or array.shape[:2] == self.size:
            return array
        shrinks = self.size[0] <= array.shape[0] and self.size[1] <= array.shape[1]
        how = {'picture': cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR, 'normals': cv2.INTER_LINEAR}
        # the pixel nearest to the centre: OpenCV's plain INTER_NEAREST takes the upper left one
        resized = cv2.resize(array, self.size[::-1], interpolation=how.get(kind, cv2.INTER_NEAREST_EXACT))
        return unit_normals(resized, MIN_NORM) if kind == 'normals' else resized


def read_picture(path: Path) -> np.ndarray:
    """(H, W, 3) float32 in [0, 1].

    Raises:
        BadData: the array has another shape or type, contains NaN, or a value is not a fraction.
    """
    stored = _floats(path, 'an image', 3)
    low, high = float(stored.min()), float(stored.max())
    if low < -HALF_GREY or high > 1 + HALF_GREY:
        raise BadData(f'{path} holds values from {low:g} to {high:g}, images are stored in [0, 1]: {REPAIR}.')
    return stored if low >= 0 and high <= 1 else stored.clip(0, 1)


def read_classes(path: Path) -> np.ndarray:
    """(H, W) uint8 class ids of a map of whole numbers with -1 (or 255) for unlabelled, which becomes 255.

    Raises:
        BadData: it is no map, or a value is not such a number.
    """
    stored = read_npy(path)
    if stored.ndim != 2 or stored.dtype.kind not in 'uif' or not stored.size:
        raise BadData(f'{path} holds {stored.dtype} of shape {stored.shape}, class maps are (H, W) whole numbers: {REPAIR}.')
    wrong = stored[~((stored >= MISSING_CLASS) & (stored <= IGNORE) & (stored == np.floor(stored)))]
    if wrong.size:
        raise BadData(f'{path} holds class {wrong[0]:g}, classes are whole numbers from {MISSING_CLASS} (unlabelled): '
                      f'{REPAIR}.')
    return np.where(stored == MISSING_CLASS, IGNORE, stored).astype(np.uint8)


def read_depth(path: Path) -> np.ndarray:
    """(H, W) float32, of a map that is stored as (H, W, 1) or (H, W).

    Raises:
        BadData: the array is of another shape or type, or holds NaN.
    """
    return _floats(path, 'a depth map', 1)


def read_normals(path: Path) -> np.ndarray:
    """(H, W, 3) float32 unit vectors, zero where invalid.

    Raises:
        BadData: the array is of another shape or type, or holds NaN.
    """
    return stored_normals(_floats(path, 'a normal map', 3), path)


READERS = {'class_map': read_classes, 'depth': read_depth, 'normals': read_normals}


def _floats(path: Path, what: str, channels: int) -> np.ndarray:
    """(H, W, channels) float32, or (H, W) of one channel."""
    stored = read_npy(path)
    if channels == 1 and stored.ndim == 3 and stored.shape[2] == 1:
        stored = stored[..., 0]
    shape = stored.shape[2:] == ((channels,) if channels > 1 else ())
    if not (stored.ndim == (3 if channels > 1 else 2) and shape and stored.size and stored.dtype.kind == 'f'):
        raise BadData(f'{path} holds {stored.dtype} of shape {stored.shape}, {what} is (H, W, {channels}) floats: {REPAIR}.')
    finite = np.isfinite(stored)
    if not finite.all():
        raise BadData(f'{path}: {int((~finite).sum())} of its {finite.size} values are NaN or infinite: {REPAIR}.')
    return np.ascontiguousarray(stored, np.float32)


def _number(name: str) -> int:
    return int(Path(name).stem)


def _first(names: set[str]) -> str:
    return min(names, key=lambda name: (len(name), name))


def _by(array: np.ndarray) -> str:
    return f'{array.shape[0]}x{array.shape[1]}'
