"""Decoupled knowledge distillation: separate weights for the target class and the distribution of the other classes."""

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel
from .kl import kl_divergence


def without_target(log_probs: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Split a distribution into the target class and the rest.

    Args:
        log_probs: (B, C, N).
        target: (B, 1, N) int64 classes.

    Returns:
        (B, 2, N): logarithms of the target's probability and of the rest's; (B, C, N): logarithms of the distribution over
        the other classes, 0 at the target, where it is meaningless.
    """
    own = torch.zeros_like(log_probs, dtype=torch.bool).scatter_(1, target, True)
    rest = log_probs.masked_fill(own, -torch.inf).logsumexp(1, keepdim=True)
    return torch.cat([log_probs.gather(1, target), rest], 1), (log_probs - rest).masked_fill(own, 0.0)


def rest_divergence(student: Tensor, teacher: Tensor, target: Tensor) -> Tensor:
    """Σ t (ln t - ln s) over the classes that are not the target, from :func:`without_target`; (B, C, N) -> (B, N)."""
    own = torch.zeros_like(student, dtype=torch.bool).scatter_(1, target, True)
    return (teacher.exp() * (teacher - student)).masked_fill(own, 0.0).sum(1)


@DISTILL_LOSSES.register_module()
class DKD(DistillLoss):
    """``dkd_target`` + ``dkd_rest``: KL divergences of (target, not target) and of the distribution over the other classes.

    Both are α τ² and β τ² times the mean over labelled pixels, or samples. The official schedule warms the sum up linearly
    (``warmup`` of the link).

    Args:
        alpha: weight of ``dkd_target``.
        beta: weight of ``dkd_rest``; 8 for most pairs on CIFAR-100, 0.5 to 2 on ImageNet.
        temperature: τ.

    Source: Zhao et al., CVPR 2022, equation 7; github.com/megvii-research/mdistiller at a08d46f,
    ``mdistiller/distillers/DKD.py``. The official code excludes the target by subtracting 1000 from its logit; here it is
    excluded exactly.
    """

    reads = 'log_probs'
    terms = ('dkd_target', 'dkd_rest')
    directions = {'dkd_target': 'inter', 'dkd_rest': 'inter'}
    needs_distribution = True
    asks = ('target',)
    method = Method('DKD', 'Zhao et al. 2022', 'outputs', 'classes')

    def __init__(self, alpha: float = 1.0, beta: float = 8.0, temperature: float = 4.0) -> None:
        super().__init__()
        self.alpha, self.beta, self.temperature = alpha, beta, temperature

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        own = target.reshape(len(target), 1, -1)
        student, teacher = ((view / self.temperature).log_softmax(1) for view in (student, teacher))
        (pair_s, rest_s), (pair_t, rest_t) = without_target(student, own), without_target(teacher, own)
        scale = self.temperature ** 2
        first, count = per_pixel(kl_divergence(pair_s, pair_t), mask)
        second, _ = per_pixel(rest_divergence(rest_s, rest_t, own), mask)
        return {'dkd_target': (self.alpha * scale * first, count), 'dkd_rest': (self.beta * scale * second, count)}
