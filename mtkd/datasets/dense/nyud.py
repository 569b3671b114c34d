"""NYUD-v2 for multi-task learning: 40-class segmentation, depth, normals and edges."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import IGNORE, Sample

from ..base import BadData, Entry, TaskDataset
from ..files import REPAIR, class_ids, read_grey, read_list, read_mat, read_npy, stored_normals
from ..picture_files import IMAGE_SUFFIXES, by_stem, read_picture

FOLDERS = {'image': 'images', 'semseg': 'segmentation', 'depth': 'depth', 'normals': 'normals', 'edge': 'edge'}
READABLE = {  # supported suffixes, in any case, the most exact first
    'image': IMAGE_SUFFIXES, 'semseg': ('.png', '.mat', '.npy'), 'depth': ('.npy', '.mat'),
    'normals': ('.npy', '.png', '.jpg'), 'edge': ('.npy', '.png')}
VARIANTS = {
    'drive': {'image': '.jpg', 'semseg': '.png', 'depth': '.npy', 'normals': '.npy', 'edge': '.npy'},
    'eth': {'image': '.png', 'semseg': '.png', 'depth': '.npy', 'normals': '.png', 'edge': '.png'},
    'astmt': {'image': '.jpg', 'semseg': '.mat', 'depth': '.mat', 'normals': '.jpg', 'edge': '.png'}}


@DATASETS.register_module()
class NYUDMT(TaskDataset):
    """NYUD-v2 in the folder layout of the multi-task literature.

    Under ``data_root``: ``gt_sets/{train,val}.txt`` with one id per line and the folders ``images``, ``segmentation``,
    ``depth``, ``normals`` and ``edge`` with one file per id. Three releases differ in the file formats: ``drive``
    (``NYUD_MT.tgz``: jpg images, npy maps), ``eth`` (``NYUDv2.tar.gz``: png images, normals and edges) and ``astmt``
    (MATLAB segmentation and depth, jpg normals, png edges).

    Stored classes are 0 (unlabelled) and 1 to 40; served classes are 0 to 39 and 255 (the 40-class protocol). Depth is in
    metres, 0 invalid. Normals in 8 bits are ``2 x / 255 - 1``; vectors shorter than 0.1 are invalid, the others are
    normalised to unit length (the official loaders keep the stored length, which affects their losses but not their
    metrics). Normals face the camera; the direction of z is that of the release.

    In memory, the 795 training samples with all tasks take 1.2 GB at 228x308 and 5.1 GB at 480x640.

    Args:
        variant: one of :data:`VARIANTS`; None detects the format of each folder, so that mixtures work as well.
        **kwargs: see :class:`~mtkd.datasets.base.TaskDataset`.

    Source: fact sheet 2.1.
    """

    OFFERS = {'semseg': 'class_map', 'depth': 'depth', 'normals': 'normals', 'edge': 'edge_map'}
    NUM_CLASSES = {'semseg': 40}
    CLASSES = {'semseg': (
        'wall', 'floor', 'cabinet', 'bed', 'chair', 'sofa', 'table', 'door', 'window', 'bookshelf', 'picture',
        'counter', 'blinds', 'desk', 'shelves', 'curtain', 'dresser', 'pillow', 'mirror', 'floor mat', 'clothes',
        'ceiling', 'books', 'refrigerator', 'television', 'paper', 'towel', 'shower curtain', 'box', 'whiteboard',
        'person', 'night stand', 'toilet', 'sink', 'lamp', 'bathtub', 'bag', 'other structure', 'other furniture',
        'other prop')}

    def __init__(self, *args: Any, variant: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if variant is not None and variant not in VARIANTS:
            raise ValueError(f"NYUDMT has no variant '{variant}': use one of {', '.join(VARIANTS)}, or None.")
        self.variant = variant

    def load_data_list(self) -> list[Entry]:
        ids = read_list(self.data_root / 'gt_sets' / f'{self.split}.txt')
        roles = ['image', *self.reads]
        names = {role: self._names(role, ids) for role in roles} if ids else {}
        return [{'sample_id': name, 'files': {role: self.data_root / FOLDERS[role] / names[role][name] for role in roles}}
                for name in ids]

    def _names(self, role: str, ids: list[str]) -> dict[str, str]:
        """Id -> name of its file in a folder: with the variant's suffix, or the first readable one that exists."""
        if self.variant is not None:
            return {name: f'{name}{VARIANTS[self.variant][role]}' for name in ids}
        folder = self.data_root / FOLDERS[role]
        there = by_stem((path.name for path in folder.iterdir()) if folder.is_dir() else (), READABLE[role])
        first = next((there[name] for name in ids if name in there), None)
        if first is None:
            raise BadData(f"{folder} holds no {' or '.join(READABLE[role])} file of the split '{self.split}': unpack it "
                          f"there, or take '{role}' out of the tasks.")
        return {name: there.get(name, f'{name}{Path(first).suffix}') for name in ids}

    def read(self, entry: Entry) -> Sample:
        files = entry['files']
        return Sample(image=self.read_image(files['image']), meta={},
                      targets={task: READERS[task](files[task]) for task in self.reads})


def read_semseg(path: Path) -> np.ndarray:
    """(H, W) uint8 0..39 and 255, from a file with 0 unlabelled and 1..40."""
    if path.suffix == '.mat':
        stored = read_mat(path, 'segmentation')
    else:
        stored = read_npy(path) if path.suffix == '.npy' else read_grey(path)
    ids = class_ids(stored, path)
    beyond = ids[(ids > 40) & (ids != IGNORE)]
    if beyond.size:
        raise BadData(f'{path} holds class {int(beyond[0])}, stored are 0 (unlabelled) to 40: {REPAIR}.')
    return np.where((ids == 0) | (ids == IGNORE), IGNORE, ids - 1).astype(np.uint8)


def read_depth(path: Path) -> np.ndarray:
    """(H, W) float32 metres."""
    stored = _map(read_mat(path, 'depth') if path.suffix == '.mat' else read_npy(path))
    return np.ascontiguousarray(stored, np.float32 if stored.dtype.kind == 'f' else None)  # integers need a scale


def read_normals(path: Path) -> np.ndarray:
    """(H, W, 3) float32 unit vectors, zero where invalid."""
    if path.suffix == '.npy':
        return stored_normals(read_npy(path), path)
    return stored_normals(read_picture(path, exif='refuse'), path)


def read_edge(path: Path) -> np.ndarray:
    """(H, W) uint8 {0, 1} of a map stored as 0/1 or 0/255."""
    stored = _map(read_npy(path)) if path.suffix == '.npy' else read_grey(path)
    if stored.dtype == bool:
        return stored.astype(np.uint8)
    top = stored.max(initial=0)
    return (stored > (127 if top > 1 else 0.5)).astype(np.uint8)


def _map(stored: np.ndarray) -> np.ndarray:
    """(H, W) of a map that may be stored as (H, W, 1)."""
    return stored[..., 0] if stored.ndim == 3 and stored.shape[2] == 1 else stored


READERS: dict[str, Callable[[Path], np.ndarray]] = {
    'semseg': read_semseg, 'depth': read_depth, 'normals': read_normals, 'edge': read_edge}
