"""Synthetic domain shift of images."""

import cv2
import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample

from .geometry import Kinds


@TRANSFORMS.register_module()
class DomainShift:
    """Simulates a worse camera: blur, coarse sampling, loss of colour, in this order.

    The result is deterministic, so this is a domain and not an augmentation. Use it in a data set's ``domains``, which
    applies it on reading, in training and in tests. Size and labels are unchanged.

    Args:
        grey: share of grey in [0, 1]; 1 leaves no colour.
        blur: standard deviation of a Gaussian blur, pixels; 0 for none.
        lowres: factor by which the image is shrunk (by area) and enlarged again (bilinearly); 1 for no change.

    Raises:
        ValueError: a strength is out of range, or all of them have no effect.

    Source: ours.
    """

    def __init__(self, grey: float = 0.0, blur: float = 0.0, lowres: float = 1.0) -> None:
        if not 0 <= grey <= 1 or blur < 0 or lowres < 1:
            raise ValueError(f'DomainShift(grey={grey}, blur={blur}, lowres={lowres}): grey is in [0, 1], blur 0 or more '
                             f'pixels, lowres 1 or more.')
        if grey == 0 and blur == 0 and lowres == 1:
            raise ValueError('DomainShift changes nothing: give grey, blur or lowres.')
        self.grey, self.blur, self.lowres = float(grey), float(blur), float(lowres)

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        image = sample['image']
        height, width = image.shape[:2]
        if self.blur:
            image = cv2.GaussianBlur(image, (0, 0), self.blur)
        if self.lowres > 1:
            coarse = (max(round(width / self.lowres), 1), max(round(height / self.lowres), 1))
            image = cv2.resize(cv2.resize(image, coarse, interpolation=cv2.INTER_AREA), (width, height),
                               interpolation=cv2.INTER_LINEAR)
        if self.grey:
            luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None]
            image = np.rint(self.grey * luma + (1 - self.grey) * image).astype(np.uint8)
        return Sample(**{**sample, 'image': image})  # type: ignore[typeddict-item]
