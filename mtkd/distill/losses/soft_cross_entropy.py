"""Cross-entropy against a teacher's softened probabilities."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class SoftCrossEntropy(DistillLoss):
    """``soft_ce`` = -τ² Σ_c t_c ln s_c, the mean over samples (over pixels of maps).

    Its gradient is that of :class:`~mtkd.distill.losses.kl.PlainKD`; its value is larger by τ² times the teacher's
    entropy, so that it is not 0 if student and teacher agree.

    Args:
        tau: temperature.

    Source: MLFD's α·L_CE^{T*}, with the factor τ² of the authors' code; fact sheet 1.3.1, 1.3.2.
    """

    reads = 'log_probs'
    method = Method('Soft cross-entropy', 'MLFD 2024', 'outputs', fits='classes')
    terms = ('soft_ce',)
    directions = {'soft_ce': 'inter'}
    needs_distribution = True

    def __init__(self, tau: float = 2.0) -> None:
        super().__init__()
        self.tau = tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        total, count = per_pixel(-(teacher.exp() * student).sum(1), mask)
        return {'soft_ce': (self.tau ** 2 * total, count)}
