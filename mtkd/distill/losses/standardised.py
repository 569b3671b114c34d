"""Logit standardisation: compares student and teacher after standardising their scores."""

from typing import Any

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import Method, Terms
from .output_wrapper import OutputWrapper

EPS = 1e-7


def standardise(scores: Tensor) -> Tensor:
    """(B, C, N) -> (scores - mean) / (ε + deviation) over the classes of each pixel; the deviation divides by C - 1."""
    centred = scores - scores.mean(1, keepdim=True)
    variance = centred.square().sum(1, keepdim=True) / (scores.shape[1] - 1)
    flat = variance <= 0  # all classes equal: the gradient of the root is infinite
    return centred / (EPS + variance.masked_fill(flat, 1.0).sqrt())


@DISTILL_LOSSES.register_module()
class LogitStandardised(OutputWrapper):
    """Applies another loss on outputs to scores that are standardised per pixel or sample::

        loss=dict(type='LogitStandardised', loss=dict(type='PlainKD', tau=2.0))

    The student then has to match the order and the relative distances of the teacher's scores, not their range. The
    official weight of plain KD is 9 with τ = 2.

    Args:
        loss: the wrapped loss or its config.

    Source: Sun et al., CVPR 2024, algorithm 1; github.com/sunshangquan/logit-standardization-KD at f6e5aa5,
    ``mdistiller/distillers/KD.py`` and ``DKD.py``.
    """

    method = Method('Logit standardisation', 'Sun et al. 2024', 'outputs', 'any', {'loss': {'type': 'PlainKD', 'tau': 2.0}},
                    'wraps any loss on outputs')

    def compare(self, student: Any, teacher: Any, mask: Any, **asked: Any) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        teachers = standardise(teacher) if isinstance(teacher, Tensor) else \
            None if teacher is None else tuple(standardise(part) for part in teacher)
        return self.inner(standardise(student), teachers, mask, **asked)
