"""Two-class cross-entropy with weights from the class frequencies in the batch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample, all_sum
from .base import TaskLoss, per_sample


@LOSSES.register_module()
class BalancedCrossEntropy(TaskLoss):
    """Cross-entropy with each class weighted by the fraction of valid pixels of the other class.

    With w the share of negatives, a positive weighs w and a negative 1 - w. The shares are those of the whole batch
    over all ranks, so several processes give what one gives. A batch of one class only weighs 0.

    Source: fact sheet 1.1.4 (saliency of the ATRC code line).
    """

    term = 'balanced_ce'

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, 2, H, W) logits, ``target`` (B, H, W) in {0, 1}.

        Raises:
            ValueError: ``pred`` has other than two channels.
        """
        if pred.shape[1] != 2:
            raise ValueError(f'BalancedCrossEntropy takes 2 channels, negative and positive; it got {pred.shape[1]}.')
        label = torch.where(valid, target, 0).long()
        positive = label.sum().float()  # label is 0 wherever nothing is valid
        counts = all_sum(torch.stack([valid.sum().float() - positive, positive]))
        negative_share, positive_share = counts / counts.sum().clamp_min(1)
        values = F.cross_entropy(pred.float(), label, reduction='none')
        return per_sample(values * torch.where(label == 1, negative_share, positive_share), valid)
