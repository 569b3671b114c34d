"""Teacher-free distillation: a virtual teacher that is always correct and uniform over the other classes."""

import math

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class TeacherFreeKD(DistillLoss):
    """``tf_kd`` = multiplier · KL(u ‖ student) / C, the mean over labelled pixels; u is the softened virtual teacher.

    The virtual teacher gives the label's class the probability ``correct`` and shares the rest among the others. It is
    softened by a softmax of its *probabilities* divided by τ, as in the official code; the student is not softened. Weigh
    the link by α and the task by 1 - α. (Tf-KD_self, the other half of the paper, is plain KD from a teacher of the
    student's own architecture: see ``configs/catalogue/born_again_1.py``.)

    Args:
        correct: the virtual teacher's probability of the right class.
        temperature: τ; 20 officially.
        multiplier: factor; 100 officially, where the mean is also over classes.

    Source: Yuan et al., CVPR 2020, equations 7 to 9; github.com/yuanli2333/Teacher-free-Knowledge-Distillation at d000ab3,
    ``my_loss_function.py``, ``loss_kd_regularization``. The paper appears to soften by a softmax of logarithms and has no
    multiplier and no division by C; the official code is the default here.
    """

    reads = 'log_probs'
    terms = ('tf_kd',)
    directions = {'tf_kd': 'inter'}
    needs_distribution = True
    needs_teacher = False
    asks = ('target',)
    method = Method('Tf-KD', 'Yuan et al. 2020', 'self', 'classes', note='no teacher')

    def __init__(self, correct: float = 0.99, temperature: float = 20.0, multiplier: float = 100.0) -> None:
        super().__init__()
        self.correct, self.temperature, self.multiplier = correct, temperature, multiplier

    def compare(self, student: Tensor, teacher: None, mask: Tensor | None, target: Tensor) -> Terms:
        """See :class:`DistillLoss`; the student's view is logarithms of probabilities."""
        classes = student.shape[1]
        right = self.correct / self.temperature
        wrong = (1 - self.correct) / (classes - 1) / self.temperature
        top = math.exp(right - wrong)
        high, low = top / (top + classes - 1), 1 / (top + classes - 1)
        entropy = high * math.log(high) + (classes - 1) * low * math.log(low)
        own = student.gather(1, target.reshape(len(target), 1, -1))[:, 0]
        cross = low * student.sum(1) + (high - low) * own
        total, count = per_pixel(self.multiplier / classes * (entropy - cross), mask)
        return {'tf_kd': (total, count)}
