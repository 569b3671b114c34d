"""Resize."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample, Size

from .geometry import Kinds, resize, size_of


@TRANSFORMS.register_module()
class Resize:
    """Resize to a fixed size, or to a length of the longer side.

    Args:
        size: (height, width); the aspect ratio is not kept.
        long_side: instead, the length of the longer side, with the aspect ratio kept.
        scale_depth: divide depths by the zoom (the geometric mean of the zooms of both sides), as a random zoom does; the
            fixed resize of the survey's protocol does not.
        labels: also resize the labels. Otherwise the labels keep their size, at which predictions are evaluated in tests.

    Raises:
        ValueError: not exactly one of ``size`` and ``long_side`` is given.

    Source: fact sheet 2.1 (fixed 480x640).
    """

    def __init__(self, size: Size | None = None, long_side: int | None = None, scale_depth: bool = False,
                 labels: bool = True) -> None:
        if (size is None) == (long_side is None):
            raise ValueError('Resize needs either a size (height, width) or a long_side.')
        self.size = (int(size[0]), int(size[1])) if size is not None else None
        self.long_side = long_side
        self.scale_depth = scale_depth
        self.labels = labels

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        height, width = size_of(sample)
        wanted = self.size
        if wanted is None:
            assert self.long_side is not None
            zoom = self.long_side / max(height, width)
            wanted = (max(round(height * zoom), 1), max(round(width * zoom), 1))
        if wanted == (height, width):
            return sample
        if not self.labels:
            image_only = resize(Sample(**{**sample, 'targets': {}}), kinds, wanted)  # type: ignore[typeddict-item]
            return Sample(**{**image_only, 'targets': sample['targets']})  # type: ignore[typeddict-item]
        zoom = float(np.sqrt(wanted[0] / height * wanted[1] / width))
        return resize(sample, kinds, wanted, zoom if self.scale_depth else 1.0)
