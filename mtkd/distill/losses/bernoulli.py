"""Distillation of independent binary outputs: multi-label images or binary maps."""

import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


def bernoulli_divergence(student: Tensor, teacher: Tensor) -> Tensor:
    """Elementwise KL of two Bernoulli distributions given by logits; numerically stable for logits of any size."""
    right = teacher.sigmoid()
    return right * (F.logsigmoid(teacher) - F.logsigmoid(student)) + \
        (1 - right) * (F.logsigmoid(-teacher) - F.logsigmoid(-student))


@DISTILL_LOSSES.register_module()
class BernoulliKD(DistillLoss):
    """``bernoulli`` = τ² Σ_c KL(σ(t_c / τ) ‖ σ(s_c / τ)), one binary output per channel; the mean over pixels or samples.

    The outputs are used as logits: for multi-label tasks, and for binary maps (one channel),
    where it equals plain KD on the view ``sigmoid_pair``.

    Args:
        tau: temperature; 1 in multi-label distillation.

    Source: multi-label logits distillation (MLD), Yang et al., ICCV 2023, equation 3; github.com/penghui-yang/L2D at
    ea7fa55, ``criterion/distiller_zoo/logits_based/mld.py``, which clamps probabilities at 1e-8 and has no temperature.
    """

    terms = ('bernoulli',)
    method = Method('MLD, Bernoulli KD', 'Yang et al. 2023', 'outputs', 'any', note='independent binary outputs')

    def __init__(self, tau: float = 1.0) -> None:
        super().__init__()
        self.temperature = tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logits."""
        values = bernoulli_divergence(student / self.temperature, teacher / self.temperature).sum(1)
        total, count = per_pixel(values, mask)
        return {'bernoulli': (self.temperature ** 2 * total, count)}
