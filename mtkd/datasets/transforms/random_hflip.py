"""Random horizontal flip."""

from collections.abc import Sequence

import cv2
import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample, SampleMeta

from .geometry import Kinds, hflip


@TRANSFORMS.register_module()
class RandomHFlip:
    """Mirror the sample left to right with probability ``prob``; the x of normals is negated.

    Source: fact sheet 1.1.4.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        return hflip(sample, kinds) if rng.random() < self.prob else sample

    def whole(self, images: np.ndarray, metas: Sequence[SampleMeta], rngs: Sequence[np.random.Generator]) -> np.ndarray:
        """Process a batch with image-level labels, (B, H, W, 3), with the same result as one by one."""
        for image, meta, rng in zip(images, metas, rngs, strict=True):
            if rng.random() < self.prob:
                image[:] = cv2.flip(image, 1)
                meta['flip'] = not meta.get('flip', False)
        return images
