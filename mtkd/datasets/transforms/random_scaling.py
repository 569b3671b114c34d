"""Random zoom."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample

from .geometry import Kinds, resize, size_of


@TRANSFORMS.register_module()
class RandomScaling:
    """Zoom by ``s ~ U[low, high]``: image bilinear, labels nearest, depths divided by ``s``; sides are rounded down.

    Args:
        low: smallest zoom.
        high: largest zoom.
        choices: sample from these zooms instead.

    Raises:
        ValueError: a zoom is not positive.

    Source: ATRC's RandomScaling (brdav/atrc, 76d8055), fact sheet 1.1.4 (U[0.5, 2]); 2.1 (choices 1, 1.2, 1.5).
    """

    def __init__(self, low: float = 0.5, high: float = 2.0, choices: list[float] | None = None) -> None:
        if not 0 < low <= high or any(zoom <= 0 for zoom in choices or ()):
            raise ValueError(f'RandomScaling(low={low}, high={high}, choices={choices}): zooms must be positive and '
                             f'low not above high.')
        self.low, self.high, self.choices = low, high, choices

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        zoom = float(rng.choice(self.choices) if self.choices else rng.uniform(self.low, self.high))
        height, width = size_of(sample)
        return resize(sample, kinds, (max(int(height * zoom), 1), max(int(width * zoom), 1)), zoom)
