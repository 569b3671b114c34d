"""Random window, resized to the size of the image."""

from collections.abc import Sequence

import cv2
import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample

from ..base import unit_normals
from .geometry import Kinds, resize, size_of, window

MIN_NORM = 0.5  # shorter vectors are blends of opposite, or of valid and invalid, ones


@TRANSFORMS.register_module()
class RandomScaleCrop:
    """Crop a window of 1 / ``s`` of each side and resize it to the original size: a zoom by ``s``.

    ``s`` and the position of the window are sampled uniformly. Images and normals are enlarged bilinearly, the other labels
    by the nearest pixel, and depths are divided by ``s``.

    MTAN's and LibMTL's code align the corners of the window with those of the image; here, as in the other transforms,
    pixels are areas. They also do not normalise the enlarged normals, as with ``renormalise=False``.

    Args:
        scales: zooms, 1 or more.
        renormalise: normalise enlarged normals to unit length; those shorter than 0.5 become invalid.

    Raises:
        ValueError: there is no scale, or one is below 1.

    Source: fact sheet 2.3 (MTAN and LibMTL; not used by KD4MTL).
    """

    def __init__(self, scales: Sequence[float] = (1.0, 1.2, 1.5), renormalise: bool = True) -> None:
        if not scales or min(scales) < 1:
            raise ValueError(f'RandomScaleCrop(scales={tuple(scales)}): give at least one zoom, none below 1.')
        self.scales = tuple(float(scale) for scale in scales)
        self.renormalise = renormalise

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        zoom = self.scales[rng.integers(len(self.scales))]
        if zoom == 1:
            return sample
        height, width = size = size_of(sample)
        inner = (max(int(height / zoom), 1), max(int(width / zoom), 1))
        top, left = int(rng.integers(height - inner[0] + 1)), int(rng.integers(width - inner[1] + 1))
        part = window(sample, kinds, (top, left, *inner))
        whole = resize(part, kinds, size, zoom)
        for task, normals in part['targets'].items():
            if normals is not None and kinds[task].name == 'normals':
                blended = cv2.resize(normals, size[::-1], interpolation=cv2.INTER_LINEAR)
                whole['targets'][task] = unit_normals(blended, MIN_NORM) if self.renormalise else blended
        return whole
