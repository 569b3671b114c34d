"""Cross-entropy over integer bins of a number."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample


@LOSSES.register_module()
class BinCrossEntropy(TaskLoss):
    """-log softmax at the bin nearest to the number; values outside the range belong to the first or last bin.

    Source: DEX (ages over 101 bins); fact sheet 1.4.2.
    """

    term = 'ce'

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, K) logits of the bins 0 … K - 1, ``target`` (B,) numbers."""
        nearest = torch.where(valid, target.float(), 0.0).round().clamp(0, pred.shape[1] - 1).long()
        return per_sample(F.cross_entropy(pred.float(), nearest, reduction='none'), valid)
