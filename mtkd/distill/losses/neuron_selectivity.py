"""Neuron selectivity transfer: the distributions of the channels' activation patterns."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample


def neuron_selectivity(student: Tensor, teacher: Tensor) -> Tensor:
    """Squared maximum mean discrepancy between the channels' unit maps, with the kernel (x·y)².

    Args:
        student: (B, C, N).
        teacher: (B, C', N).

    Returns:
        (B,), ≥ 0 up to rounding.

    Source: Huang & Wang 2017, equations 5 and 8 (polynomial kernel, d = 2, c = 0).
    """
    ours, theirs = (x * x.square().sum(2, keepdim=True).clamp_min(1e-24).rsqrt() for x in (student, teacher))
    return _mean_kernel(theirs, theirs) + _mean_kernel(ours, ours) - 2 * _mean_kernel(ours, theirs)


def _mean_kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.mT).square().mean((1, 2))


@DISTILL_LOSSES.register_module()
class NST(DistillLoss):
    """``nst``: :func:`neuron_selectivity`, the mean over samples; the usual weight is 50.

    The channels may differ. Only C × C matrices per sample are formed, independent of the size of the map.

    Source: Huang & Wang 2017; released code: HobbitLong/RepDistiller b84f547 (``NSTLoss``).
    """

    terms = ('nst',)
    same_channels = False
    method = Method('NST', 'Huang & Wang 2017', 'features')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'nst': per_sample(neuron_selectivity(masked(student, mask), masked(teacher, mask)), mask)}
