"""Absolute error of the expectation over integer bins."""

import torch
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample


@LOSSES.register_module()
class L1Expectation(TaskLoss):
    """|Σ_k k p_k - x*| with p the softmax over bins 0 … K - 1, in the target's unit.

    Source: one of the age losses of fact sheet 1.4.2.
    """

    term = 'l1'

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, K) logits of the bins, ``target`` (B,) numbers."""
        value = torch.where(valid, target.float(), 0.0)
        bins = torch.arange(pred.shape[1], device=pred.device, dtype=torch.float32)
        expectation = (pred.float().softmax(1) * bins).sum(1)
        return per_sample((expectation - value).abs(), valid)
