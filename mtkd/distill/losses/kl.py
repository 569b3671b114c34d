"""Plain knowledge distillation: the Kullback-Leibler divergence of softened outputs."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


def kl_divergence(log_student: Tensor, log_teacher: Tensor, dim: int = 1) -> Tensor:
    """KL(teacher || student) = Σ t (ln t - ln s) along ``dim``, from logarithms of probabilities."""
    return (log_teacher.exp() * (log_teacher - log_student)).sum(dim)


@DISTILL_LOSSES.register_module()
class PlainKD(DistillLoss):
    """``kd`` = τ² KL(teacher || student), the mean over pixels (over samples for image-level tasks).

    Args:
        tau: temperature; 3 in KDAM's comparison.

    Source: Hinton et al. 2015; KDAM equations 1-3; reduction: fact sheet 4.2.
    """

    reads = 'log_probs'
    method = Method('KD', 'Hinton et al. 2015', 'outputs', fits='classes')
    terms = ('kd',)
    directions = {'kd': 'inter'}
    needs_distribution = True

    def __init__(self, tau: float = 3.0) -> None:
        super().__init__()
        self.tau = tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        total, count = per_pixel(kl_divergence(student, teacher), mask)
        return {'kd': (self.tau ** 2 * total, count)}
