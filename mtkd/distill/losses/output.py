"""Direct matching of outputs, for regression tasks."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class OutputL1(DistillLoss):
    """``l1``: Σ_c |s - t| of a pixel, averaged over pixels, in the unit of the output (metres for depth).

    Source: fact sheet 4.2 (outputs of regression tasks).
    """

    terms = ('l1',)
    method = Method('L1 of outputs', '', 'outputs', fits='regression')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are outputs."""
        return {'l1': per_pixel((student - teacher).abs().sum(1), mask)}


@DISTILL_LOSSES.register_module()
class OutputMSE(DistillLoss):
    """``mse``: Σ_c (s - t)² of a pixel, averaged over pixels, in the squared unit of the output.

    Source: fact sheet 4.2 (outputs of regression tasks).
    """

    terms = ('mse',)
    method = Method('MSE of outputs', '', 'outputs', fits='regression')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are outputs."""
        return {'mse': per_pixel((student - teacher).square().sum(1), mask)}
