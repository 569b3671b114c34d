"""Cosine distance between normals."""

import torch
from torch import Tensor

from ..registry import LOSSES
from ..structures import PerSample
from .base import TaskLoss, per_sample, unit


@LOSSES.register_module()
class CosineNormals(TaskLoss):
    """1 - cos of the angle between prediction and target.

    Args:
        eps: added to the squared length of a prediction under the root; KD4MTL's code has none and divides by zero.

    Source: KD4MTL (fact sheet 1.2.3 and 5.2.8).
    """

    term = 'cos'

    def __init__(self, eps: float = 1e-8) -> None:
        self.eps = eps

    def __call__(self, pred: Tensor, target: Tensor, valid: Tensor) -> PerSample:
        """See :class:`TaskLoss`; ``pred`` (B, 3, H, W) of any length, ``target`` (B, 3, H, W) unit vectors."""
        normal = torch.where(valid[:, None], target.float(), 0.0)
        return per_sample(1 - (unit(pred.float(), self.eps) * normal).sum(1), valid)
