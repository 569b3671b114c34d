"""The squared Hellinger distance between the outputs of a student and a teacher."""

from mtkd.distill.losses import DistillLoss
from mtkd.distill.losses.distill_loss import Terms, per_pixel
from mtkd.registry import DISTILL_LOSSES
from torch import Tensor


@DISTILL_LOSSES.register_module()
class Hellinger(DistillLoss):
    """``hellinger`` = 1 - Σ_k sqrt(s_k t_k), averaged over pixels (over samples for an image-level label).

    It lies between 0, where both are equal, and 1, where no class has probability in both. Unlike a Kullback-Leibler
    term it is symmetric and bounded, so single pixels cannot dominate. It is computed from logarithms, since the gradient
    of a root is infinite at 0.

    Args:
        tau: temperature of both probabilities.

    Raises:
        ValueError: ``tau`` is not positive.

    Source: Hellinger 1909; half the squared Euclidean distance between the roots of two distributions.
    """

    reads = 'log_probs'
    terms = ('hellinger',)
    directions = {'hellinger': 'inter'}
    needs_distribution = True

    def __init__(self, tau: float = 1.0) -> None:
        super().__init__()
        if tau <= 0:
            raise ValueError(f'Hellinger: tau is {tau}; give a positive temperature.')
        self.tau = tau

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`~mtkd.distill.losses.DistillLoss`; the views are logarithms of probabilities, (B, K, N)."""
        overlap = ((student + teacher) / 2).exp().sum(1)
        return {'hellinger': per_pixel(1 - overlap, mask)}
