"""Padding to a size."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample, Size

from .geometry import Kinds, pad, size_of


@TRANSFORMS.register_module()
class Pad:
    """Centre the sample in ``size``; ``meta['crop']`` says where the image is.

    Images are still 8-bit here: normalisation is done on the device, by the model's preprocessor. The padding has the colour
    (124, 116, 104), ImageNet's mean in whole grey levels, so that it is 0 after normalisation as in the papers' code (within
    0.01 standard deviations). Padded labels are invalid: 255, depth 0, the zero vector.

    Args:
        size: (height, width); a side that is already larger is unchanged.
        divisor: also pad to a multiple of this.

    Raises:
        ValueError: neither is given.

    Source: fact sheet 1.1.4.
    """

    def __init__(self, size: Size | None = None, divisor: int = 1) -> None:
        if size is None and divisor == 1:
            raise ValueError('Pad needs a size (height, width) or a divisor.')
        self.size = (int(size[0]), int(size[1])) if size is not None else (1, 1)
        self.divisor = divisor

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        height, width = size_of(sample)
        wanted = (self._up(max(height, self.size[0])), self._up(max(width, self.size[1])))
        return sample if wanted == (height, width) else pad(sample, kinds, wanted)

    def _up(self, length: int) -> int:
        return -(-length // self.divisor) * self.divisor
