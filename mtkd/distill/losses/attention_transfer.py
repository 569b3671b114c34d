"""Attention transfer: matches the spatial attention maps of features."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_sample


def attention(feature: Tensor, eps: float = 1e-12) -> Tensor:
    """(B, C, N) -> (B, N): the mean square over channels, scaled to unit length; all zero for an all-zero feature."""
    energy = feature.square().mean(1)
    return energy / energy.square().sum(1, keepdim=True).clamp_min(eps * eps).sqrt()


@DISTILL_LOSSES.register_module()
class AttentionTransfer(DistillLoss):
    """``at``: mean over pixels of the squared difference of two attention maps, averaged over samples.

    The usual weight is 1000. The channels may differ. Masked pixels have no attention.

    Source: Zagoruyko & Komodakis 2017; fact sheet 4.2.
    """

    method = Method('AT', 'Zagoruyko & Komodakis 2017', 'features', fits='dense')
    terms = ('at',)
    same_channels = False

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        difference = (attention(masked(student, mask)) - attention(masked(teacher, mask))).square()
        counted = difference.shape[1] if mask is None else mask.sum(1).clamp_min(1)
        return {'at': per_sample(difference.sum(1) / counted, mask)}
