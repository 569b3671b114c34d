"""Cross-entropy of class maps and class labels."""

import torch.nn.functional as F
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample

_SKIP = -100


@LOSSES.register_module()
class CrossEntropy(TaskLoss):
    """-log softmax at the labelled class.

    Args:
        label_smoothing: weight of the uniform distribution in the target, in [0, 1).

    Raises:
        ValueError: ``label_smoothing`` is out of range.
    """

    term = 'ce'

    def __init__(self, label_smoothing: float = 0.0) -> None:
        if not 0 <= label_smoothing < 1:
            raise ValueError(f'CrossEntropy: label_smoothing is {label_smoothing}; give a number in [0, 1).')
        self.label_smoothing = label_smoothing

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, C, H, W) or (B, C) logits, ``target`` (B, H, W) or (B,) class ids."""
        label = target.long().masked_fill(~valid, _SKIP)
        values = F.cross_entropy(pred.float(), label, ignore_index=_SKIP, reduction='none',
                                 label_smoothing=self.label_smoothing)
        return per_sample(values, valid)
