"""Variational information distillation: likelihood of the teacher's feature under a Gaussian predicted by the student."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


def gaussian_nll(mean: Tensor, variance: Tensor, target: Tensor) -> Tensor:
    """½ ((mean - target)² / variance + ln variance), the mean over channels.

    Args:
        mean: (B, C, …).
        variance: (C,), > 0.
        target: as ``mean``.

    Returns:
        (B, …).

    Source: Ahn et al. 2019, equation 5 without its constant.
    """
    variance = variance.view(1, -1, *[1] * (mean.ndim - 2))
    return 0.5 * ((mean - target).square() / variance + variance.log()).mean(1)


@DISTILL_LOSSES.register_module()
class VID(DistillLoss):
    """``vid``: :func:`gaussian_nll`, the mean over channels and pixels; the usual weight is 1.

    The mean is a regression of the student's feature by three 1×1 convolutions without bias, and every channel has a
    trained variance softplus(a) + ε. It is not 0 at equality, and may be negative.

    Args:
        width: channels between the convolutions; None: the teacher's, as in the released recipe.
        variance: initial variance of every channel.
        eps: ε.

    Source: Ahn et al., CVPR 2019; released code: HobbitLong/RepDistiller b84f547 (``VIDLoss``), after the authors'.
    """

    terms = ('vid',)
    same_channels = False
    method = Method('VID', 'Ahn et al. 2019', 'features')

    def __init__(self, width: int | None = None, variance: float = 5.0, eps: float = 1e-5) -> None:
        super().__init__()
        self.width, self.variance, self.eps = width, variance, eps

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        width = self.width or teacher[0]
        self.regressor = nn.Sequential(nn.Conv1d(student[0], width, 1, bias=False), nn.ReLU(),
                                       nn.Conv1d(width, width, 1, bias=False), nn.ReLU(),
                                       nn.Conv1d(width, teacher[0], 1, bias=False))
        self.log_scale = nn.Parameter(torch.full((teacher[0],), math.log(math.exp(self.variance - self.eps) - 1)))

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        variance = F.softplus(self.log_scale) + self.eps
        return {'vid': per_pixel(gaussian_nll(self.regressor(student), variance, teacher), mask)}
