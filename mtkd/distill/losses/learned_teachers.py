"""Learned weights of several teachers: distillation from the mixture that best explains the labels."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel
from .kl import kl_divergence


@DISTILL_LOSSES.register_module()
class LearnedTeachers(DistillLoss):
    """``kd_mixture`` = τ² KL(Σ_m w_m p_m ‖ student), and ``mixture_ce``, which trains the weights w = softmax(θ).

    ``mixture_ce`` is the cross-entropy of the mixture at temperature 1 with the label. It trains only θ, and ``kd_mixture``
    only the student: weights trained with the student's term would favour the teacher that is easiest to imitate. Both are
    means over labelled pixels, or samples.

    Args:
        temperature: τ of ``kd_mixture``.

    Source: a linear mixture of experts fitted by likelihood (stacking) instead of the fixed or heuristic weights of
    multi-teacher distillation (You et al., KDD 2017; Liu et al., Neurocomputing 2020). Ours: the latter learn weights per
    sample inside the student's loss; there is no official code for this form.
    """

    reads = 'log_probs'
    terms = ('kd_mixture', 'mixture_ce')
    directions = {'kd_mixture': 'inter', 'mixture_ce': 'inter'}
    needs_distribution = True
    several = ('teacher',)
    asks = ('target',)
    method = Method('Learned weights of teachers', 'after Liu et al. 2020', 'teachers', 'classes', note='M trained numbers')

    def __init__(self, temperature: float = 4.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.theta: nn.Parameter

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`: one number per teacher."""
        self.theta = nn.Parameter(torch.zeros(len(teacher)))

    def compare(self, student: Tensor, teacher: tuple[Tensor, ...], mask: Tensor | None, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        weights = self.theta.log_softmax(0).to(student.dtype)
        mixture = torch.logsumexp(torch.stack(teacher) + weights[:, None, None, None], 0)
        errors = -mixture.gather(1, target.reshape(len(target), 1, -1))[:, 0]
        soft = torch.stack([(part / self.temperature).log_softmax(1) for part in teacher])
        soft = torch.logsumexp(soft + weights.detach()[:, None, None, None], 0)
        total, count = per_pixel(kl_divergence((student / self.temperature).log_softmax(1), soft), mask)
        return {'kd_mixture': (self.temperature ** 2 * total, count), 'mixture_ce': per_pixel(errors, mask)}
