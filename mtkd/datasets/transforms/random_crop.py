"""Random crop that avoids windows with a single class."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import IGNORE, Sample, Size

from .geometry import Kinds, Rectangle, size_of, window


@TRANSFORMS.register_module()
class RandomCrop:
    """Crop a random window of ``size``; windows dominated by one class are rejected.

    A window is accepted if it contains more than one labelled class and the most frequent one covers less than
    ``max_share`` of its labelled pixels; after ``tries`` attempts the last window is used. Sides that are smaller than the
    window are unchanged (pad afterwards).

    Args:
        size: (height, width) of the window.
        max_share: see above; with 1 or more, or without labels of ``by``, the first window is used.
        tries: number of attempts.
        by: task whose class map is used; it is read even if it is not served.

    Source: fact sheet 1.1.4.
    """

    def __init__(self, size: Size, max_share: float = 0.75, tries: int = 10, by: str = 'semseg') -> None:
        self.size = (int(size[0]), int(size[1]))
        self.max_share, self.tries, self.by = max_share, tries, by
        self.needs = (by,) if max_share < 1 else ()

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        labels = sample['targets'].get(self.by) if self.max_share < 1 else None
        for _ in range(self.tries):
            rectangle = self._draw(size_of(sample), rng)
            if labels is None or self.is_mixed(labels, rectangle):
                break
        return window(sample, kinds, rectangle)

    def _draw(self, size: Size, rng: np.random.Generator) -> Rectangle:
        height, width = min(self.size[0], size[0]), min(self.size[1], size[1])
        return (int(rng.integers(size[0] - height + 1)), int(rng.integers(size[1] - width + 1)), height, width)

    def is_mixed(self, labels: np.ndarray, rectangle: Rectangle) -> bool:
        """Whether the window of ``labels`` (H, W) has several classes and none of them dominates."""
        top, left, height, width = rectangle
        counts = np.bincount(labels[top:top + height, left:left + width].ravel(), minlength=256)[:IGNORE]
        return bool((counts > 0).sum() > 1 and counts.max() < self.max_share * counts.sum())
