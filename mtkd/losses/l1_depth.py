"""Mean absolute depth error."""

import torch
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample


@LOSSES.register_module()
class L1Depth(TaskLoss):
    """|d - d*| in metres.

    Source: fact sheet 1.1.4 and 1.2.3.
    """

    term = 'l1'

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` and ``target`` (B, 1, H, W) metres."""
        depth_m = torch.where(valid, target[:, 0].float(), 0.0)
        return per_sample((pred[:, 0].float() - depth_m).abs(), valid)
