"""L1 distance between unit normals."""

import torch
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample, unit


@LOSSES.register_module()
class L1Normals(TaskLoss):
    """|n/‖n‖ - n*| summed over the three components.

    Args:
        eps: added to the squared length of a prediction under the root.

    Source: fact sheet 1.1.4; the sum over components, not their mean, is what the weight 10 belongs to.
    """

    term = 'l1'

    def __init__(self, eps: float = 1e-8) -> None:
        self.eps = eps

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, 3, H, W) of any length, ``target`` (B, 3, H, W) unit vectors."""
        normal = torch.where(valid[:, None], target.float(), 0.0)
        return per_sample((unit(pred.float(), self.eps) - normal).abs().sum(1), valid)
