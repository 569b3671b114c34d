"""Overhaul of feature distillation: a partial distance to the teacher's feature before its ReLU."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from ...structures import all_sum
from .counted_norm import CountedNorm
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample


def partial_distance(student: Tensor, teacher: Tensor, margin: Tensor) -> Tensor:
    """(s - max(t, m))², and 0 if s ≤ max(t, m) ≤ 0.

    Args:
        student: (B, C, …).
        teacher: the same shape, before its ReLU.
        margin: (C,), ≤ 0.

    Source: Heo et al. 2019b, equations 2 and 4.
    """
    target = torch.maximum(teacher, margin.view(1, -1, *[1] * (teacher.ndim - 2)))
    return (student - target).square() * ((student > target) | (target > 0))


def margin_of_norm(norm: nn.Module) -> Tensor:
    """The expectation of each channel's negative values, for a Gaussian with the layer's bias and weight.

    Args:
        norm: a batch normalisation with weight and bias.

    Returns:
        (C,) float32; -3 |weight| if the probability of a negative value is below .001.

    Source: Heo et al. 2019b, equation 3; released code.
    """
    scale, mean = norm.weight.detach().double().abs(), norm.bias.detach().double()
    ratio = mean / scale
    below = 0.5 * torch.erfc(ratio / math.sqrt(2))
    expected = mean - scale * (-ratio.square() / 2).exp() / math.sqrt(2 * math.pi) / below
    return torch.where(below > 0.001, expected, -3 * scale).float()


@DISTILL_LOSSES.register_module()
class OFD(DistillLoss):
    """``ofd``: :func:`partial_distance` summed over channels and pixels, the mean over samples; usual weight 1e-3.

    The student's feature goes through a 1×1 convolution and a batch normalisation. It is usually applied before the last
    ReLU of each stage, with one link each and weights 1, 1/2, 1/4, … from the last to the first.

    Args:
        norm: path of the batch normalisation in the teacher's network whose output is the tap: the margin follows from its
            weight and bias. None: the margin is the running mean of negative values, a state of the loss.

    Raises:
        ValueError: the teacher has no such module, or its weight and bias do not match the tap's channels.

    Source: Heo et al., ICCV 2019; released code: clovaai/overhaul-distillation 76344a8.
    """

    terms = ('ofd',)
    same_channels = False
    spatial = True
    method = Method('OFD', 'Heo et al. 2019b', 'features', note='before the ReLU; the margin is a state')
    margin: Tensor
    negatives: Tensor

    def __init__(self, norm: str | None = None) -> None:
        super().__init__()
        self.norm = norm

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        conv = nn.Conv2d(student[0], teacher[0], 1, bias=False)
        nn.init.normal_(conv.weight, 0, math.sqrt(2 / teacher[0]))
        self.connector, self.connector_norm = conv, CountedNorm(teacher[0])
        self.register_buffer('margin', torch.zeros(teacher[0]))
        self.register_buffer('negatives', torch.zeros(2, teacher[0], dtype=torch.float64))  # sums and counts

    def inspect(self, networks: Sequence[nn.Module]) -> None:
        """See :class:`DistillLoss`: the margin from the teacher's batch normalisation."""
        if self.norm is None:
            return
        try:
            layer = networks[0].get_submodule(self.norm)
        except AttributeError as error:
            raise ValueError(f"OFD: the teacher has no module '{self.norm}' ({error}).") from None
        weight = getattr(layer, 'weight', None)
        if weight is None or getattr(layer, 'bias', None) is None or weight.shape != self.margin.shape:
            raise ValueError(f"OFD: the teacher's '{self.norm}' is a {type(layer).__name__} without a weight and bias for "
                             f'the {len(self.margin)} channels of the tap; give the path of the batch normalisation before '
                             f'the ReLU.')
        self.margin.copy_(margin_of_norm(layer))

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features (B, C, h, w)."""
        if self.norm is None and self.training:
            self._estimate(masked(teacher, mask))
        ours = self.connector_norm(self.connector(masked(student, mask)), mask)
        gap = masked(partial_distance(ours, teacher, self.margin.to(teacher.dtype)), mask)
        return {'ofd': per_sample(gap.sum((1, 2, 3)), mask)}

    @torch.no_grad()
    def _estimate(self, teacher: Tensor) -> None:
        """The mean of all negative values so far, over all ranks, in place."""
        below = teacher.clamp_max(0).double()
        self.negatives += all_sum(torch.stack([below.sum((0, 2, 3)), (below < 0).sum((0, 2, 3)).double()]))
        self.margin.copy_(self.negatives[0] / self.negatives[1].clamp_min(1))
