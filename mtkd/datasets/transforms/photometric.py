"""Random colours."""

import cv2
import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample

from .geometry import Kinds

GREY: np.ndarray = np.arange(256, dtype=np.float64)


@TRANSFORMS.register_module()
class PhotoMetricDistortion:
    """Change brightness, contrast, saturation and hue, each with probability ``prob``; labels are unchanged.

    Brightness is first, then saturation and hue (in HSV), with contrast randomly before or after these two. All operations
    are 8-bit lookup tables; values are rounded and clipped after each change.

    Args:
        brightness: b in grey levels; U[-b, b] is added.
        contrast: (low, high), range of the factor.
        saturation: (low, high), range of the factor.
        hue: h in steps of 2 degrees; an integer from U[-h, h] is added.
        prob: probability of each change.

    Source: fact sheet 1.1.4.
    """

    def __init__(self, brightness: float = 32, contrast: tuple[float, float] = (0.5, 1.5),
                 saturation: tuple[float, float] = (0.5, 1.5), hue: int = 18, prob: float = 0.5) -> None:
        self.brightness, self.contrast, self.saturation, self.hue = brightness, contrast, saturation, hue
        self.prob = prob

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        # all numbers are always drawn, so that changing prob does not affect the other values
        use = rng.random(4) < self.prob
        contrast_first = bool(rng.random() < 0.5)
        shift = rng.uniform(-self.brightness, self.brightness)
        contrast, saturation = rng.uniform(*self.contrast), rng.uniform(*self.saturation)
        turn = int(rng.integers(-self.hue, self.hue + 1))

        image = sample['image']
        if use[0]:
            image = cv2.LUT(image, _eight_bit(GREY + shift))
        if use[1] and contrast_first:
            image = cv2.LUT(image, _eight_bit(GREY * contrast))
        if use[2] or use[3]:
            image = _in_hsv(image, saturation if use[2] else 1.0, turn if use[3] else 0)
        if use[1] and not contrast_first:
            image = cv2.LUT(image, _eight_bit(GREY * contrast))
        return Sample(**{**sample, 'image': image})  # type: ignore[typeddict-item]


def _eight_bit(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _in_hsv(image: np.ndarray, saturation: float, turn: int) -> np.ndarray:
    """(H, W, 3) RGB with its saturation multiplied and its hue (0 to 179) turned."""
    table: np.ndarray = np.empty((1, 256, 3), np.uint8)
    table[0, :, 0] = (GREY + turn) % 180
    table[0, :, 1] = _eight_bit(GREY * saturation)
    table[0, :, 2] = GREY
    return cv2.cvtColor(cv2.LUT(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), table), cv2.COLOR_HSV2RGB)
