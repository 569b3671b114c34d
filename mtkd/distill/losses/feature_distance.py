"""Pixel-wise feature distances other than the mean squared difference of FitNets."""

import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class CosineFeatures(DistillLoss):
    """``cosine`` = 1 - cos of a pixel's channels, the mean over pixels; in [0, 2].

    Source: e.g. Ranzinger et al. 2024 (AM-RADIO), section 3.3; ``torch.nn.functional.cosine_similarity``.
    """

    terms = ('cosine',)
    method = Method('Cosine', 'Ranzinger et al. 2024', 'features')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'cosine': per_pixel(1 - F.cosine_similarity(student, teacher, dim=1, eps=1e-8), mask)}


@DISTILL_LOSSES.register_module()
class SmoothL1Features(DistillLoss):
    """``smooth_l1``: the mean over channels and pixels; square below ``beta``, linear above.

    Args:
        beta: threshold above which it is linear.

    Raises:
        ValueError: ``beta`` is not above 0.

    Source: Ranzinger et al. 2024 (AM-RADIO), section 3.3; ``torch.nn.functional.smooth_l1_loss``.
    """

    terms = ('smooth_l1',)
    method = Method('Smooth L1', 'Ranzinger et al. 2024', 'features')

    def __init__(self, beta: float = 1.0) -> None:
        super().__init__()
        if beta <= 0:
            raise ValueError(f'SmoothL1Features: beta={beta} must be above 0.')
        self.beta = beta

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'smooth_l1': per_pixel(F.smooth_l1_loss(student, teacher, reduction='none', beta=self.beta).mean(1), mask)}
