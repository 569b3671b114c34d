"""Masked generative distillation: generates the teacher's feature from a masked student feature."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample


@DISTILL_LOSSES.register_module()
class MGD(DistillLoss):
    """``mgd``: the sum of squared differences between a generated and the teacher's feature, the mean over samples.

    Pixels of the student's feature are hidden at random; two 3×3 convolutions generate the teacher's feature from the rest.
    Differing channels are first mapped by a 1×1 convolution. The mask is sampled from torch's generator in every step. Usual
    weights: 2e-5 (segmentation), 7e-5 (classification).

    Args:
        hidden: the fraction of masked pixels (λ): .75 for segmentation, .5 for classification.

    Raises:
        ValueError: ``hidden`` is not in [0, 1).

    Source: Yang et al., ECCV 2022, equations 3 to 5; released code: yzd-v/MGD 2c9da0b.
    """

    terms = ('mgd',)
    same_channels = False
    spatial = True
    across_samples = True  # draws numbers
    method = Method('MGD', 'Yang et al. 2022', 'features', note='random pixels hidden')

    def __init__(self, hidden: float = 0.75) -> None:
        super().__init__()
        if not 0 <= hidden < 1:
            raise ValueError(f'MGD: hidden={hidden} must be a fraction of the pixels, from 0 to below 1.')
        self.hidden = hidden

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        own, other = student[0], teacher[0]
        self.align = nn.Identity() if own == other else nn.Conv2d(own, other, 1)
        self.generation = nn.Sequential(nn.Conv2d(other, other, 3, padding=1), nn.ReLU(),
                                        nn.Conv2d(other, other, 3, padding=1))

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features (B, C, h, w)."""
        drawn = torch.rand(len(student), 1, *student.shape[2:], device=student.device)
        shown = masked(self.align(student), mask) * (drawn <= 1 - self.hidden)
        gap = masked((self.generation(shown) - teacher).square(), mask)
        return {'mgd': per_sample(gap.sum((1, 2, 3)), mask)}
