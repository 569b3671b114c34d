"""What a picture of a task's values means: scales of colours, and maps of errors."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class ColourScale:
    """Numbers that colours stand for.

    Attributes:
        colormap: matplotlib's name.
        high: the number at the end of the scale, which begins at 0.
        unit: of the numbers.
    """

    colormap: str
    high: float
    unit: str


@dataclass(frozen=True)
class ErrorMap:
    """How far a prediction is from its label.

    Attributes:
        values: (H, W) float32 on the CPU, NaN where there is no label.
        name: what the numbers are, such as ``'absolute error'``.
        unit: of the numbers; ``''``: a share of 1.
        high: where the scale of colours ends; larger errors look alike.
        wrong: the values are 0, right, and 1, wrong.
    """

    values: Tensor
    name: str
    unit: str
    high: float
    wrong: bool = False

    @property
    def summary(self) -> str:
        """The mean over the labelled places, or the share of those that are wrong."""
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
