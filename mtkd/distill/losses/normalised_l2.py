"""KD4MTL's feature distance: squared Euclidean distance of unit vectors."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel, per_sample

EPS = 1e-6


@DISTILL_LOSSES.register_module()
class NormalisedL2(DistillLoss):
    """``l2`` = ‖ a/‖a‖ - b/‖b‖ ‖², 2 - 2 cos(a, b), in [0, 4].

    Args:
        norm: ``'pixel'``: a pixel's channels are one vector, with ``eps`` inside the root as in the authors' code; the
            mean over pixels. ``'sample'``: a sample's whole map is one vector, as in equation 4; the mean over
            samples.
        eps: see ``norm``.

    Raises:
        ValueError: an unknown ``norm``.

    Source: KD4MTL equation 4; fact sheet 1.2.1.
    """

    method = Method('KD4MTL', 'Li & Bilen 2020', 'features')
    terms = ('l2',)

    def __init__(self, norm: str = 'pixel', eps: float = EPS) -> None:
        super().__init__()
        if norm not in ('pixel', 'sample'):
            raise ValueError(f"NormalisedL2: norm='{norm}' is unknown; choose 'pixel' or 'sample'.")
        self.norm, self.eps = norm, eps

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        if self.norm == 'pixel':
            return {'l2': per_pixel((self._unit_pixels(student) - self._unit_pixels(teacher)).square().sum(1), mask)}
        student, teacher = masked(student, mask), masked(teacher, mask)
        return {'l2': per_sample((_unit_maps(student) - _unit_maps(teacher)).square().sum((1, 2)), mask)}

    def _unit_pixels(self, feature: Tensor) -> Tensor:
        return feature * (feature.square().sum(1, keepdim=True) + self.eps).rsqrt()


def _unit_maps(feature: Tensor) -> Tensor:
    """Unit length per sample; an all-zero map stays all zero."""
    return feature * feature.square().sum((1, 2), keepdim=True).clamp_min(1e-30).rsqrt()
