"""A random mirroring."""

import numpy as np

from mtkd.registry import TRANSFORMS
from mtkd.structures import Sample

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
