"""Binary cross-entropy with a fixed weight for the sparse positive pixels of an edge map."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample


@LOSSES.register_module()
class EdgeBCE(TaskLoss):
    """w_pos · (-log p) at edges, (1 - w_pos) · (-log(1 - p)) elsewhere.

    Args:
        w_pos: weight of positive pixels, in (0, 1); the ATRC code line uses .8 on NYUD and .95 on PASCAL-Context.

    Raises:
        ValueError: ``w_pos`` is out of range.

    Source: fact sheet 1.1.4.
    """

    term = 'bce'

    def __init__(self, w_pos: float = 0.8) -> None:
        if not 0 < w_pos < 1:
            raise ValueError(f'EdgeBCE: w_pos is {w_pos}; give a number between 0 and 1.')
        self.w_pos = w_pos

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, 1, H, W) logits, ``target`` (B, H, W) in {0, 1}."""
        positive = torch.where(valid, target, 0).float()
        weight = torch.where(positive > 0, self.w_pos, 1 - self.w_pos)
        values = F.binary_cross_entropy_with_logits(pred[:, 0].float(), positive, weight, reduction='none')
        return per_sample(values, valid)
