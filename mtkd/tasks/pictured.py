"""Colour scales and error maps for drawings of tasks."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ColourScale:
    """The numbers that colours represent.

    Attributes:
        colormap: name of a matplotlib colormap.
        high: the number at the end of the scale, which starts at 0.
        unit: unit of the numbers.
    """

    colormap: str
    high: float
    unit: str


@dataclass(frozen=True)
class ErrorMap:
    """The error of a prediction.

    Attributes:
        values: (H, W) float32 on the CPU, NaN where there is no label.
        name: name of the numbers, such as ``'absolute error'``.
        unit: unit of the numbers; ``''``: a fraction of 1.
        high: end of the colour scale; larger errors have the same colour.
        wrong: whether the values are 0 (right) and 1 (wrong).
    """

    values: Tensor
    name: str
    unit: str
    high: float
    wrong: bool = False

    @property
    def summary(self) -> str:
        """The mean over the labelled pixels, or the share of wrong ones."""
        known = self.values[~self.values.isnan()]
        if not len(known):
            return 'no label here'
        mean = float(known.mean())
        return f'{100 * mean:.1f} % {self.name}' if self.wrong else f'{self.name}, mean {mean:.3g} {self.unit}'.rstrip()


def probability_error(prediction: Tensor, target: Tensor, valid: Tensor) -> ErrorMap:
    """|probability - label| of a map with two classes.

    Args:
        prediction: (H, W) probabilities.
        target: (H, W) labels, 0 or 1.
        valid: (H, W) bool, where there is a label.
    """
    far = (prediction.float() - target.float()).abs().masked_fill(~valid, torch.nan)
    return ErrorMap(far.cpu(), 'error of probability', '', 1.0)
