"""Normalised knowledge distillation: the target's soft cross-entropy, and that of the renormalised rest."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel
from .dkd import without_target


@DISTILL_LOSSES.register_module()
class NKD(DistillLoss):
    """``nkd_target`` = -t_y ln s_y, and ``nkd_rest`` = -γ τ² Σ N(t_i) ln N(s_i) over the other classes.

    N renormalises the other classes. Means over labelled pixels, or samples. Both are cross-entropies, so that they are not
    0 if student and teacher agree.

    Args:
        gamma: γ.
        temperature: τ of the rest; the target's term has temperature 1.

    Source: Yang et al., ICCV 2023, "From knowledge distillation to self-knowledge distillation", equation 6;
    github.com/yzd-v/cls_KD at 1e5d48f, ``mmcls/models/dis_losses/nkd.py`` (γ 1.5 and τ 1 by default).
    """

    reads = 'log_probs'
    terms = ('nkd_target', 'nkd_rest')
    directions = {'nkd_target': 'inter', 'nkd_rest': 'inter'}
    needs_distribution = True
    asks = ('target',)
    method = Method('NKD', 'Yang et al. 2023', 'outputs', 'classes')

    def __init__(self, gamma: float = 1.5, temperature: float = 1.0) -> None:
        super().__init__()
        self.gamma, self.temperature = gamma, temperature

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        own = target.reshape(len(target), 1, -1)
        first = -(teacher.gather(1, own).exp() * student.gather(1, own))[:, 0]
        (_, rest_s), (_, rest_t) = (without_target((view / self.temperature).log_softmax(1), own)
                                    for view in (student, teacher))
        rest = -(rest_t.exp() * rest_s).sum(1)  # the target's logarithm is 0
        total, count = per_pixel(rest, mask)
        return {'nkd_target': per_pixel(first, mask), 'nkd_rest': (self.gamma * self.temperature ** 2 * total, count)}
