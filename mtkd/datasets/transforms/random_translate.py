"""Random translation of small images."""

from collections.abc import Sequence

import cv2
import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample, SampleMeta

from .geometry import Kinds


@TRANSFORMS.register_module()
class RandomTranslate:
    """Shift the image by up to ``max_shift`` pixels in each direction; the gap is filled by repeating the border.

    The image keeps its size. Only for image-level labels, because maps would have no labels in the gap.

    Args:
        max_shift: pixels; rows and columns are sampled separately.

    Raises:
        ValueError: ``max_shift`` is negative, or (on use) a label is a map.
    """

    def __init__(self, max_shift: int = 4) -> None:
        if max_shift < 0:
            raise ValueError(f'RandomTranslate(max_shift={max_shift}): give 0 or more pixels.')
        self.max_shift = max_shift

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        maps = [task for task, label in sample['targets'].items() if label is not None and kinds[task].spatial]
        if maps:
            raise ValueError(f"RandomTranslate cannot shift the map of '{maps[0]}': use Pad and RandomCrop.")
        return Sample(**{**sample, 'image': self._shifted(sample['image'], rng)})  # type: ignore[typeddict-item]

    def whole(self, images: np.ndarray, metas: Sequence[SampleMeta], rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """Process a batch, (B, H, W, 3), with the same result as one by one."""
        return np.stack([self._shifted(image, rng) for image, rng in zip(images, rngs, strict=True)])

    def _shifted(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        height, width = image.shape[:2]
        top, left = rng.integers(2 * self.max_shift + 1), rng.integers(2 * self.max_shift + 1)
        gap = self.max_shift
        framed = cv2.copyMakeBorder(image, gap, gap, gap, gap, cv2.BORDER_REPLICATE)
        return framed[top:top + height, left:left + width]
