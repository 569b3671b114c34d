"""Target kinds: resizing, flipping, padding, tensor form and missing values of each kind of label.

There are two levels of missing values. ``Batch['present']`` tells whether a sample has a label at all; a pixel without a
value has the kind's own marker and is read only through :meth:`TargetKind.valid`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

Size = tuple[int, int]  # (height, width)
IGNORE = 255  # invalid class id, and invalid value of a binary map


class TargetKind:
    """One kind of label.

    Attributes:
        name: key in :data:`KINDS`.
        spatial: whether a label is a map that moves with the image.
        pad_value: value of padded pixels; always invalid.
    """

    name: str
    spatial = True
    pad_value: float
    takes: tuple[str, ...] = ()  # other kinds whose labels are also labels of this kind

    def empty(self, size: Size) -> Any:
        """A label without valid values for an image of ``size``."""
        raise TypeError(f'{type(self).__name__} does not implement empty')

    def resize(self, array: Any, size: Size, scale: float = 1.0) -> Any:
        """The label of the image resized to ``size``; ``scale`` is the zoom (depth is divided by it)."""
        import cv2  # not needed where labels are tensors already
        return cv2.resize(array, size[::-1], interpolation=cv2.INTER_NEAREST)

    def hflip(self, array: Any) -> Any:
        """The label of the mirrored image."""
        return np.ascontiguousarray(array[:, ::-1])

    def to_tensor(self, array: Any) -> Tensor:
        """The label in the form of a batch, without the batch axis."""
        return torch.from_numpy(np.ascontiguousarray(array))

    def valid(self, target: Tensor) -> Tensor:
        """Where a batch's target has a value: (B, H, W) bool for maps, (B,) bool for image-level labels."""
        raise TypeError(f'{type(self).__name__} does not implement valid')

    def check(self, array: Any, size: Size) -> str | None:
        """What is wrong with a label that was read for an image of ``size``; None if it is valid."""
        if not isinstance(array, np.ndarray) or array.shape[:2] != size:
            shape = array.shape if isinstance(array, np.ndarray) else type(array).__name__
            return f'its shape is {shape}, the image is {size[0]}x{size[1]}'
        return None

    def __repr__(self) -> str:
        return f"KINDS['{self.name}']"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return _kind, (self.name,)


class ClassMap(TargetKind):
    """(H, W) uint8 class ids, 255 invalid; a batch holds (B, H, W) uint8."""

    name = 'class_map'
    pad_value = IGNORE

    def empty(self, size: Size) -> np.ndarray:
        return np.full(size, IGNORE, np.uint8)

    def valid(self, target: Tensor) -> Tensor:
        return target != IGNORE

    def check(self, array: Any, size: Size) -> str | None:
        wrong = super().check(array, size)
        if wrong is None and (array.dtype != np.uint8 or array.ndim != 2):
            return f'it holds {array.dtype} of {array.ndim} axes, class ids are (H, W) uint8'
        return wrong


class BinaryMap(ClassMap):
    """(H, W) uint8 in {0, 1}, 255 invalid; a batch holds (B, H, W) uint8."""

    name = 'binary_map'

    def check(self, array: Any, size: Size) -> str | None:
        wrong = super().check(array, size)
        if wrong is None and ((array > 1) & (array != IGNORE)).any():
            return f'it holds {int(array[(array > 1) & (array != IGNORE)][0])}, allowed are 0, 1 and {IGNORE}'
        return wrong


class EdgeMap(BinaryMap):
    """A :class:`BinaryMap` of lines one pixel wide, which stay connected when the map is downsampled."""

    name = 'edge_map'
    takes = ('binary_map',)

    def resize(self, array: Any, size: Size, scale: float = 1.0) -> np.ndarray:
        """The maximum over the pixels of each cell, thinned to lines; if the map is enlarged, the nearest pixel.

        Nearest neighbours would break lines into dashes. Cells without an edge are 0 or invalid, like their nearest pixel.

        Args:
            array: (H, W) uint8 in {0, 1, 255}.
            size: (height, width).
            scale: not used.

        Returns:
            (height, width) uint8 in {0, 1, 255}.
        """
        resized = super().resize(array, size)
        height, width = array.shape
        if size[0] >= height and size[1] >= width:
            return resized
        from skimage.morphology import skeletonize  # slow to import and rarely needed

        rows, columns = np.nonzero(array == 1)
        lines: np.ndarray = np.zeros(size, bool)
        if size[0] >= height or size[1] >= width:  # one side grows: fill every cell that a pixel covers
            lines = resized == 1
        lines[rows * size[0] // height, columns * size[1] // width] = True
        return np.where(skeletonize(lines), np.uint8(1), np.where(resized == 1, np.uint8(0), resized))


class DepthMap(TargetKind):
    """(H, W) float32 metres, 0 invalid; a batch holds (B, 1, H, W) float32."""

    name = 'depth'
    pad_value = 0.0

    def empty(self, size: Size) -> np.ndarray:
        return np.zeros(size, np.float32)

    def resize(self, array: Any, size: Size, scale: float = 1.0) -> np.ndarray:
        return super().resize(array, size) / np.float32(scale)

    def to_tensor(self, array: Any) -> Tensor:
        return super().to_tensor(array)[None]

    def valid(self, target: Tensor) -> Tensor:
        return target[:, 0] > 0

    def check(self, array: Any, size: Size) -> str | None:
        wrong = super().check(array, size)
        if wrong is None and array.ndim != 2:
            return f'it has {array.ndim} axes, a depth map is (H, W)'
        if wrong is None and array.dtype.kind != 'f':
            top = array.max() if array.size else 0
            return (f'it holds whole numbers ({array.dtype}, up to {top}), depths are metres in floats; where they are '
                    f'millimetres, give the data set a scale of 0.001 for this task')
        if wrong is None and not np.isfinite(array).all():
            return f'{int((~np.isfinite(array)).sum())} of its {array.size} depths are NaN or infinite'
        if wrong is None and (array < 0).any():
            return f'it holds a negative depth ({float(array.min()):g} m)'
        return wrong


class NormalMap(TargetKind):
    """(H, W, 3) float32 unit vectors, the zero vector invalid; a batch holds (B, 3, H, W) float32."""

    name = 'normals'
    pad_value = 0.0

    def empty(self, size: Size) -> np.ndarray:
        return np.zeros((*size, 3), np.float32)

    def hflip(self, array: Any) -> np.ndarray:
        flipped = np.ascontiguousarray(array[:, ::-1])
        flipped[..., 0] *= -1
        return flipped

    def to_tensor(self, array: Any) -> Tensor:
        return super().to_tensor(array.transpose(2, 0, 1))

    def valid(self, target: Tensor) -> Tensor:
        return (target != 0).any(dim=1)

    def check(self, array: Any, size: Size) -> str | None:
        wrong = super().check(array, size)
        if wrong is None and (array.ndim != 3 or array.shape[2] != 3):
            return f'its shape is {array.shape}, normals are (H, W, 3)'
        if wrong is None and array.dtype.kind != 'f':
            return f'it holds {array.dtype}, normals are unit vectors in floats'
        if wrong is None and not np.isfinite(array).all():
            return 'some of its normals are NaN or infinite'
        return wrong or no_unit_vectors(array)


class ClassLabel(TargetKind):
    """An int class of the whole image, -1 invalid; a batch holds (B,) int64."""

    name = 'class_label'
    spatial = False
    pad_value: float = -1

    def empty(self, size: Size) -> int:
        return -1

    def resize(self, array: Any, size: Size, scale: float = 1.0) -> Any:
        return array

    def hflip(self, array: Any) -> Any:
        return array

    def to_tensor(self, array: Any) -> Tensor:
        return torch.tensor(int(array), dtype=torch.int64)

    def valid(self, target: Tensor) -> Tensor:
        return target >= 0

    def check(self, array: Any, size: Size) -> str | None:
        return None if float(array).is_integer() else f'it is {array}, a class is a whole number'


class Scalar(ClassLabel):
    """A number of the whole image, NaN invalid; a batch holds (B,) float32."""

    name = 'scalar'
    pad_value = float('nan')

    def empty(self, size: Size) -> Any:
        return float('nan')

    def to_tensor(self, array: Any) -> Tensor:
        return torch.tensor(float(array), dtype=torch.float32)

    def valid(self, target: Tensor) -> Tensor:
        return ~torch.isnan(target)

    def check(self, array: Any, size: Size) -> str | None:
        return None


def no_unit_vectors(array: np.ndarray) -> str | None:
    """What is wrong with the length of normals (H, W, 3), checked on a sample of the pixels; None if they are valid.

    Interpolated normals may be shorter than 1, and a few may have any length. Colours in 0..1 or 0..255 are detected.
    """
    step = max(int(np.sqrt(array.shape[0] * array.shape[1] / 4096)), 1)
    vectors = array[::step, ::step].reshape(-1, 3)
    lengths = np.sqrt((vectors * vectors).sum(1))
    vectors, lengths = vectors[lengths > 0], lengths[lengths > 0]
    if not lengths.size:
        return None
    low, high, middle = float(vectors.min()), float(vectors.max()), float(np.median(lengths))
    grey = float(np.median(vectors[:, :2].min(1)))  # of a colour 0 is -1, so both are well above 0 almost everywhere
    colours = low >= 0 and grey > 0.05 and np.mean(np.abs(lengths - 1) < 0.02) < 0.5
    if high <= 1.1 and low >= -1.1 and 0.8 <= middle <= 1.2 and not colours:
        return None
    what = 'not unit vectors' if low < 0 or 1.1 < high < 16 else f'colours of 0..{255 if high > 1.1 else 1}'
    return (f'its vectors have parts from {low:g} to {high:g} and a median length of {middle:g}; these are {what}, normals '
            f'are unit vectors with parts from -1 to 1 (2 x / 255 - 1 of an 8-bit colour x)')


KINDS: dict[str, TargetKind] = {
    kind.name: kind for kind in (ClassMap(), BinaryMap(), EdgeMap(), DepthMap(), NormalMap(), ClassLabel(), Scalar())}


def _kind(name: str) -> TargetKind:
    return KINDS[name]
