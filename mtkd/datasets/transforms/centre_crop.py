"""Centre crop."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample, Size

from .geometry import Kinds, size_of, window


@TRANSFORMS.register_module()
class CentreCrop:
    """Crop the centre; sides that are smaller than the crop are unchanged.

    Args:
        size: (height, width).
    """

    def __init__(self, size: Size) -> None:
        self.size = (int(size[0]), int(size[1]))

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        full = size_of(sample)
        height, width = min(self.size[0], full[0]), min(self.size[1], full[1])
        return window(sample, kinds, ((full[0] - height) // 2, (full[1] - width) // 2, height, width))
