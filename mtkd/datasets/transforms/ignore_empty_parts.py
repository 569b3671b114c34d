"""Images without parts."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import IGNORE, Sample

from .geometry import Kinds


@TRANSFORMS.register_module()
class IgnoreEmptyParts:
    """Make a part map invalid everywhere if it contains no part: an image (or crop) without person parts.

    Use it last in a pipeline, after crop and pad.

    Args:
        task: the part segmentation.

    Source: fact sheet 1.1.4.
    """

    def __init__(self, task: str = 'human_parts') -> None:
        self.task = task

    def __call__(self, sample: Sample, kinds: Kinds, rng: np.random.Generator) -> Sample:
        parts = sample['targets'].get(self.task)
        if parts is None or ((parts != 0) & (parts != IGNORE)).any():
            return sample
        targets = {**sample['targets'], self.task: np.full_like(parts, IGNORE)}
        return Sample(**{**sample, 'targets': targets})  # type: ignore[typeddict-item]
