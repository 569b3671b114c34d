"""FitNets: a projected student feature regresses the teacher's."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class FitNets(DistillLoss):
    """``fitnets``: mean squared difference over channels and pixels; usual weight 100 with a 1×1 projector.

    Source: Romero et al. 2015; fact sheet 4.2.
    """

    method = Method('FitNets, MSE', 'Romero et al. 2015', 'features')
    terms = ('fitnets',)

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'fitnets': per_pixel((student - teacher).square().mean(1), mask)}
