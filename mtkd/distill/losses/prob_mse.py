"""The squared difference of probabilities, the consistency of the mean teacher."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class ProbMSE(DistillLoss):
    """``prob_mse`` = Σ_c (s_c - t_c)² / C, the mean over pixels (over samples for image-level tasks).

    It is bounded, so that a wrong but confident teacher is less harmful than with a divergence.

    Args:
        tau: temperature of the probabilities.

    Source: Tarvainen and Valpola 2017, section 3; github.com/CuriousAI/mean-teacher at 546348f,
    ``pytorch/mean_teacher/losses.py``, ``softmax_mse_loss`` divided by the size of the batch (weight 100 on CIFAR-10).
    """

    reads = 'probs'
    terms = ('prob_mse',)
    directions = {'prob_mse': 'inter'}
    method = Method('Mean teacher consistency', 'Tarvainen and Valpola 2017', 'self', 'any', note='with an EMATeacher')

    def __init__(self, tau: float = 1.0) -> None:
        super().__init__()
        self.tau = tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are probabilities."""
        return {'prob_mse': per_pixel((student - teacher).square().mean(1), mask)}
