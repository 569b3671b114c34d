"""Synthetic images with image-level labels, and writers of the layouts of SVHN, Omniglot and the Visual Decathlon.

Each class has its own pattern: a 4x4 grid of colours, interpolated over the image. A number blends its task's pattern
from one sign to the other. An image is the mean of its labels' patterns plus noise, so a small network can learn every
label, and several tasks compete for it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import cv2
import numpy as np

from mtkd.registry import DATASETS
from mtkd.structures import KINDS, Size, TargetKind

from ..images.array import DTYPES, ArrayDataset, Arrays, as_size

GRID = 4
CONTRAST = 70.0  # contrast of a pattern, in grey values
NOISE = 20.0
TOP = 100.0  # numbers lie between 0 and this


@DATASETS.register_module()
class SyntheticImages(ArrayDataset):
    """Images for any number of image-level tasks: a data set of any length that needs no files.

    Sample k of a split is the same for every length; splits contain different samples of the same patterns, and data sets
    with the same seed have the same pattern for a task, whichever tasks they label.

    Args:
        tasks: task -> kind, as in :class:`TaskDataset`.
        split: any name.
        pipeline: see :class:`TaskDataset`.
        num_samples: length of the split.
        size: (height, width), or the side of a square.
        seed: seed of patterns, labels and noise.
        labelled: the tasks that have labels; the others are absent. None: all image-level tasks.
        num_classes: task -> number of classes; every labelled task of classes needs one.
        augment_seed: seed of the augmentation (the base class's ``seed``); None: the run's.
        views: see :class:`TaskDataset`.
        name: see :class:`TaskDataset`.

    Raises:
        ValueError: ``num_samples`` or ``size`` is not positive, a task is unknown or lacks its number of classes.
    """

    LOOKS_AT = 0  # the labels are correct by construction

    def __init__(self, tasks: Mapping[str, TargetKind | str], split: str = 'train', pipeline: Sequence[Any] = (),
                 num_samples: int = 500, size: int | Size = 32, seed: int = 0, labelled: Sequence[str] | None = None,
                 num_classes: Mapping[str, int] | None = None, augment_seed: int | None = None, views: int | None = None,
                 name: str | None = None) -> None:
        if num_samples < 1 or seed < 0:
            raise ValueError(f'SyntheticImages(num_samples={num_samples}, seed={seed}): use 1 sample or more, and a seed '
                             f'from 0.')
        kinds = {task: kind if isinstance(kind, str) else kind.name for task, kind in tasks.items()}
        offers = {task: kind for task, kind in kinds.items() if kind in DTYPES}
        self.OFFERS = {task: kind for task, kind in offers.items() if labelled is None or task in labelled}
        for task in labelled or ():
            if task not in offers:
                raise ValueError(f"SyntheticImages(labelled=…) names '{task}', which is no image-level task; these are "
                                 f'{", ".join(offers) or "none"}.')
        for task, kind in self.OFFERS.items():
            if kind == 'class_label' and (num_classes or {}).get(task, 0) < 1:
                raise ValueError(f"SyntheticImages: say in num_classes how many classes '{task}' has.")
        self.SPLITS = (split,)
        super().__init__(tasks, split=split, pipeline=pipeline, seed=augment_seed, num_classes=num_classes, views=views,
                         name=name)
        self.num_samples, self.image_seed = num_samples, seed
        self.size = as_size(size, 'SyntheticImages')

    def _kinds(self, tasks: Mapping[str, TargetKind | str]) -> dict[str, TargetKind]:
        """See :class:`TaskDataset`; a set without labels may have tasks that it does not offer."""
        if not self.OFFERS:
            return {task: KINDS[kind] if isinstance(kind, str) else kind for task, kind in tasks.items()}
        return super()._kinds(tasks)

    def load_arrays(self) -> Arrays:
        """Uniformly sampled labels, and images that show them."""
        drawn = [self._draw(number) for number in range(self.num_samples)]
        labels = {task: np.array([of[task] for of, _ in drawn]) for task in self.OFFERS}
        shown = sum(self._patterns(task)(labels[task]) for task in labels) if labels else np.zeros((1, *self.size, 3))
        noise = np.stack([noise for _, noise in drawn])
        images = 128 + CONTRAST * shown / max(len(labels), 1) + NOISE * noise
        return images.clip(0, 255).astype(np.uint8), labels, [f'{self.split}_{n:06d}' for n in range(self.num_samples)]

    def _draw(self, number: int) -> tuple[dict[str, float], np.ndarray]:
        """The labels and the noise of one sample."""
        rng = np.random.default_rng([self.image_seed, crc32(self.split.encode()), number])
        noise = rng.standard_normal((*self.size, 3), np.float32)
        labels: dict[str, float] = {}
        for task, kind in self.OFFERS.items():
            whole = kind == 'class_label'
            labels[task] = int(rng.integers(self.num_classes[task])) if whole else float(rng.uniform(0, TOP))
        return labels, noise

    def _patterns(self, task: str) -> Any:
        """Labels (N,) -> the task's patterns (N, height, width, 3) float32."""
        rng = np.random.default_rng([self.image_seed, crc32(task.encode())])
        if self.OFFERS[task] == 'scalar':
            grid = spread(rng.standard_normal((1, GRID, GRID, 3), np.float32), self.size)
            return lambda numbers: grid * (2 * numbers.astype(np.float32) / np.float32(TOP) - 1)[:, None, None, None]
        grids = rng.standard_normal((self.num_classes[task], GRID, GRID, 3), np.float32)
        return lambda classes: spread(grids[classes], self.size)


def spread(grids: np.ndarray, size: Size) -> np.ndarray:
    """(N, h, w, 3) values on a grid, interpolated linearly to (N, height, width, 3)."""
    rows, columns = (_interpolation(cells, pixels) for cells, pixels in zip(grids.shape[1:3], size, strict=True))
    return np.einsum('yi,nijc,xj->nyxc', rows, grids, columns, optimize=True)


def _interpolation(cells: int, pixels: int) -> np.ndarray:
    """(pixels, cells) float32 weights; the first and last pixel are the first and last cell."""
    place = np.linspace(0, cells - 1, pixels, dtype=np.float32)
    return np.maximum(1 - np.abs(place[:, None] - np.arange(cells, dtype=np.float32)), 0).astype(np.float32)


# Writers.


def _pictures(labels: Sequence[int], classes: int, size: Size, seed: int, split: str) -> np.ndarray:
    """(N, height, width, 3) uint8 that show the given classes."""
    grids = np.random.default_rng(seed).standard_normal((classes, GRID, GRID, 3), np.float32)
    noise = np.random.default_rng([seed, crc32(split.encode())]).standard_normal((len(labels), *size, 3), np.float32)
    shown = 128 + CONTRAST * spread(grids[np.asarray(labels, np.int64)], size) + NOISE * noise
    return shown.clip(0, 255).astype(np.uint8)


def write_svhn(root: str | Path, seed: int, counts: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Write ``<split>_32x32.mat`` in SVHN's format 2, digits taking turns from 0.

    Args:
        root: the folder that stands for ``svhn/``.
        seed: of the images.
        counts: split ('train', 'test', 'extra') -> number of images.

    Returns:
        split -> (N, 32, 32, 3) the images; image k shows digit k mod 10.
    """
    from scipy.io import savemat  # late: only tests write this
    root, written = Path(root), {}
    root.mkdir(parents=True, exist_ok=True)
    for split, count in counts.items():
        digits: np.ndarray = np.arange(count) % 10
        written[split] = _pictures(digits.tolist(), 10, (32, 32), seed, split)
        labels = np.where(digits == 0, 10, digits).astype(np.uint8)[:, None]
        savemat(root / f'{split}_32x32.mat', {'X': written[split].transpose(1, 2, 3, 0), 'y': labels})
    return written


def write_omniglot(root: str | Path, seed: int, characters: Mapping[str, int], drawers: Sequence[int] = range(1, 21),
                   evaluation: Sequence[str] = ()) -> None:
    """Write characters of three strokes, each drawer's a little off, in the folders and bits of Omniglot.

    Args:
        root: the folder that stands for ``omniglot/``.
        seed: of the strokes.
        characters: alphabet -> number of characters.
        drawers: numbers of the drawers.
        evaluation: the alphabets that go to ``images_evaluation``; the others to ``images_background``.
    """
    number = 0
    for alphabet, count in characters.items():
        folder = Path(root) / ('images_evaluation' if alphabet in evaluation else 'images_background') / alphabet
        for character in range(1, count + 1):
            number += 1
            strokes = np.random.default_rng([seed, number]).uniform(15, 90, (3, 2, 2))
            (folder / f'character{character:02d}').mkdir(parents=True)
            for drawer in drawers:
                shaken = strokes + np.random.default_rng([seed, number, drawer]).normal(0, 3, strokes.shape)
                paper: np.ndarray = np.full((105, 105), 255, np.uint8)
                cv2.polylines(paper, list(shaken.round().astype(np.int32)), False, 0, 3)
                path = folder / f'character{character:02d}' / f'{number:04d}_{drawer:02d}.png'
                if not cv2.imwrite(str(path), paper, [cv2.IMWRITE_PNG_BILEVEL, 1]):
                    raise OSError(f'Could not write the image {path}.')


def write_decathlon(root: str | Path, seed: int, name: str, classes: int, counts: Mapping[str, int],
                    layout: str = 'folder', size: Size = (72, 72)) -> None:
    """Write one set of the Visual Decathlon.

    Args:
        root: the folder that holds the release.
        seed: of the images.
        name: of the set.
        classes: number of classes; folders are named 0001, 0002, …, categories numbered from 1.
        counts: split -> number of images; image k shows class k mod ``classes``.
        layout: ``'folder'`` or ``'coco'``.
        size: (height, width).
    """
    number = 0
    for split, count in counts.items():
        labels = [k % classes for k in range(count)]
        images, annotations = [], []
        for label, picture in zip(labels, _pictures(labels, classes, size, seed, split), strict=True):
            number += 1
            file = Path(name) / split / (f'{label + 1:04d}/{number:06d}.jpg' if layout == 'folder' else f'{number:06d}.jpg')
            path = Path(root) / ('decathlon-1.0-data' if layout == 'folder' else 'decathlon-1.0/data') / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if not cv2.imwrite(str(path), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95]):
                raise OSError(f'Could not write the image {path}.')
            images.append({'id': number, 'file_name': f'data/{file.as_posix()}', 'height': size[0], 'width': size[1]})
            annotations.append({'id': number, 'image_id': number, 'category_id': label + 1})
        if layout == 'coco':
            named = [{'id': k + 1, 'name': f'class {k + 1}'} for k in range(classes)]
            path = Path(root) / 'decathlon-1.0' / 'annotations' / f'{name}_{split}.json'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({'images': images, 'annotations': annotations, 'categories': named}))
