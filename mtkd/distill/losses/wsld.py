"""Weighted soft labels: lower weights for samples on which the student is already better than the teacher."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel

EPS = 1e-7


@DISTILL_LOSSES.register_module()
class WSLD(DistillLoss):
    """``wsld`` = -w τ² Σ t ln s with w = 1 - exp(-CE(student, label) / CE(teacher, label)), the mean over labelled pixels.

    The weight has no gradient and no temperature. The official weight of the term is 2.5 on ImageNet. It is a
    cross-entropy, so that it is not 0 if student and teacher agree.

    Args:
        temperature: τ.

    Source: Zhou et al., ICLR 2021, equation 9; github.com/bellymonster/Weighted-Soft-Label-Distillation at 67820dd,
    ``knowledge_distiller.py``.
    """

    reads = 'log_probs'
    terms = ('wsld',)
    directions = {'wsld': 'inter'}
    needs_distribution = True
    asks = ('target',)
    method = Method('WSLD', 'Zhou et al. 2021', 'outputs', 'classes')

    def __init__(self, temperature: float = 2.0) -> None:
        super().__init__()
        self.temperature = temperature

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        own = target.reshape(len(target), 1, -1)
        ratio = student.detach().gather(1, own) / (teacher.gather(1, own) - EPS)
        weight = 1 - (-ratio.clamp_min(0)).exp()
        soft_s, soft_t = ((view / self.temperature).log_softmax(1) for view in (student, teacher))
        values = -weight[:, 0] * (soft_t.exp() * soft_s).sum(1)
        total, count = per_pixel(values, mask)
        return {'wsld': (self.temperature ** 2 * total, count)}
