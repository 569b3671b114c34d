"""Reading of teacher caches: samples of a data set include a teacher's stored taps."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from mtkd.structures import FeatureStore, Sample, Size, TargetKind

WHERE = '(where)'  # the key of a sample's coordinates during augmentation; no task can have this name
MODES = ('views', 'clean')


class Coordinates(TargetKind):
    """(H, W, 2) float32: the position of each pixel in the decoded image, x and y from 0 to 1; NaN on padding.

    It is transformed with the image like any label, and afterwards contains the combined geometry of all transforms.
    """

    name = 'coordinates'
    pad_value = float('nan')

    def empty(self, size: Size) -> np.ndarray:
        return np.full((*size, 2), np.nan, np.float32)

    def resize(self, array: Any, size: Size, scale: float = 1.0) -> np.ndarray:
        return cv2.resize(array, size[::-1], interpolation=cv2.INTER_LINEAR)


COORDINATES = Coordinates()


def tracked(sample: Sample, kinds: Mapping[str, TargetKind]) -> tuple[Sample, dict[str, TargetKind]]:
    """A sample before augmentation with coordinates as an additional target, and the kinds with theirs."""
    height, width = sample['image'].shape[:2]
    where = np.empty((height, width, 2), np.float32)
    where[..., 0] = (np.arange(width, dtype=np.float32) + 0.5) / width
    where[..., 1] = ((np.arange(height, dtype=np.float32) + 0.5) / height)[:, None]
    sample['targets'][WHERE] = where
    return sample, {**kinds, WHERE: COORDINATES}


class Unseen:
    """Replaces the pipeline by an image of one pixel, for trainings that use only stored taps.

    Images of all sizes then fit into one batch and cost almost nothing. Labels are unchanged.
    """

    def __call__(self, sample: Sample, kinds: Mapping[str, TargetKind], rng: np.random.Generator) -> Sample:
        return Sample(image=np.zeros((1, 1, 3), np.uint8), targets=sample['targets'], meta=sample['meta'])

    def whole(self, images: np.ndarray, metas: Sequence[Any], rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """See :class:`~mtkd.datasets.images.picture_store.PictureStore`."""
        return np.zeros((len(images), 1, 1, 3), np.uint8)


class CachedTaps:
    """One teacher's stored taps for one data set.

    In mode ``'views'``, the store has one row per sample and view (row ``view * N + index``), computed from the augmented
    image. In mode ``'clean'``, it has one row per sample, computed from the image without augmentation; maps are warped
    by the geometry of the image's augmentation (bilinear), vectors are unchanged, and colours are ignored: an approximation.

    Args:
        store: a complete store.
        taps: the taps to use.
        num_samples: N.
        mode: ``'views'`` or ``'clean'``.
        picture: (height, width) of the images from which clean rows were computed.

    Attributes:
        moves: whether taps must be warped by a sample's geometry.
    """

    def __init__(self, store: FeatureStore, taps: Sequence[str], num_samples: int, mode: str = 'views',
                 picture: Size = (1, 1)) -> None:
        self.store, self.taps, self.num_samples, self.picture = store, tuple(taps), num_samples, picture
        self.moves = mode == 'clean'

    def take(self, indices: Sequence[int] | np.ndarray, views: Sequence[int] | np.ndarray) -> dict[str, np.ndarray]:
        """The stored taps of several samples, tap -> (n, ...) float16 or float32, not warped."""
        rows = np.asarray(indices, np.int64)
        if not self.moves:
            rows = rows + self.num_samples * np.asarray(views, np.int64)
        return self.store.read(rows, self.taps)

    def of(self, sample: Sample, index: int) -> dict[str, np.ndarray]:
        """The taps of one augmented sample, tap -> (C, h, w) or (C,)."""
        taps = {tap: value[0] for tap, value in self.take([index], [sample['meta'].get('view', 0)]).items()}
        where = sample['targets'].get(WHERE)
        if not self.moves or where is None:
            return taps
        return {tap: moved(value, where, self.picture) if value.ndim == 3 else value for tap, value in taps.items()}


def moved(tap: np.ndarray, where: np.ndarray, picture: Size) -> np.ndarray:
    """Warp a clean image's map to the augmented image.

    Args:
        tap: (C, h, w) of the clean image.
        where: (H, W, 2), the coordinates of the augmented image; see :class:`Coordinates`.
        picture: (height, width) of the clean image.

    Returns:
        (C, h', w') at the same stride, bilinear; outside the image, the border is repeated.
    """
    height, width = where.shape[:2]
    size = (max(round(tap.shape[1] * height / picture[0]), 1), max(round(tap.shape[2] * width / picture[1]), 1))
    cells = cv2.remap(where, *_centres(size, (height, width)), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cells = np.nan_to_num(cells)
    x = np.clip(cells[..., 0] * tap.shape[2] - 0.5, 0, tap.shape[2] - 1)
    y = np.clip(cells[..., 1] * tap.shape[1] - 0.5, 0, tap.shape[1] - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, tap.shape[2] - 1), np.minimum(top + 1, tap.shape[1] - 1)
    values: np.ndarray = tap.astype(np.float32)
    x, y = x - left, y - top
    upper = values[:, top, left] * (1 - x) + values[:, top, right] * x
    lower = values[:, bottom, left] * (1 - x) + values[:, bottom, right] * x
    return (upper * (1 - y) + lower * y).astype(tap.dtype)


def _centres(size: Size, within: Size) -> tuple[np.ndarray, np.ndarray]:
    """x and y, (h, w) float32 each, in pixels of ``within``, of the centres of ``size`` equal cells."""
    rows = (np.arange(size[0], dtype=np.float32) + 0.5) * (within[0] / size[0]) - 0.5
    columns = (np.arange(size[1], dtype=np.float32) + 0.5) * (within[1] / size[1]) - 0.5
    x: np.ndarray = np.broadcast_to(columns, size)
    y: np.ndarray = np.broadcast_to(rows[:, None], size)
    return x.astype(np.float32), y.astype(np.float32)
