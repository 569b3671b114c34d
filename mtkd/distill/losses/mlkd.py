"""Multi-level logit distillation: single predictions, relations of samples and of classes, at several temperatures."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from ...structures import all_sum
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel
from .kl import kl_divergence


@DISTILL_LOSSES.register_module()
class MLKD(DistillLoss):
    """Three terms, each summed over the temperatures τ.

    With P the (rows, C) matrix of probabilities, one row per sample or pixel: ``mlkd_instance`` = τ² KL(teacher ‖ student),
    the mean over rows; ``mlkd_batch`` = ‖P_t P_tᵀ - P_s P_sᵀ‖² / rows; ``mlkd_class`` = ‖P_tᵀ P_t - P_sᵀ P_s‖² / C. The last
    two use the whole batch on all ranks. The matrix of all pairs of rows is never formed, because its norm follows from C ×
    C products.

    Args:
        temperatures: the τ.
        rows: the number of rows to which the last two terms are scaled. They grow with the square of the number of rows, so
            that the pixels of a map would dominate everything else. None: unscaled (official).

    Raises:
        ValueError: there are no temperatures, or one is not positive.

    Source: Jin, Wang and Lin, CVPR 2023, equations 3 to 9; github.com/Jin-Ying/Multi-Level-Logit-Distillation at 5ee473f,
    ``mdistiller/distillers/KD_ours.py`` (each term times 9). Differences: the official student uses a weak and a strong view
    of an image, here there is one view; its masks of confident samples and classes multiply values that are already averaged
    (``reduce=False`` is commented out), so they are a factor near 0.5 of half of the terms, and are left out.
    """

    reads = 'log_probs'
    terms = ('mlkd_instance', 'mlkd_batch', 'mlkd_class')
    directions = {'mlkd_instance': 'inter', 'mlkd_batch': 'inter', 'mlkd_class': 'inter'}
    needs_distribution = True
    method = Method('MLKD', 'Jin et al. 2023', 'outputs', 'any', note=r'$C \times C$ products')

    def __init__(self, temperatures: Sequence[float] = (4.0, 3.0, 5.0, 2.0, 6.0), rows: int | None = None) -> None:
        super().__init__()
        if not temperatures or min(temperatures) <= 0:
            raise ValueError(f'MLKD: temperatures={tuple(temperatures)}; give one or more positive temperatures.')
        self.temperatures, self.rows = tuple(temperatures), rows

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        counted = student.new_full((1,), student.shape[0] * student.shape[2]) if mask is None else mask.sum()[None]
        rows = all_sum(counted.to(student.dtype))[0].clamp_min(1)
        scale = 1.0 if self.rows is None else self.rows / rows
        values: list[Tensor] = []
        grams: list[Tensor] = []
        for tau in self.temperatures:
            soft_s, soft_t = ((view / tau).log_softmax(1) for view in (student, teacher))
            values.append(tau ** 2 * kl_divergence(soft_s, soft_t))
            probs_s, probs_t = masked(soft_s.exp(), mask), masked(soft_t.exp(), mask)
            pairs = ((probs_t, probs_t), (probs_s, probs_s), (probs_t, probs_s))
            grams += [torch.einsum('bcn,bdn->cd', *pair) for pair in pairs]
        teachers, students, crosses = all_sum(torch.stack(grams)).view(-1, 3, *grams[0].shape).unbind(1)
        of_rows = teachers.square().sum() + students.square().sum() - 2 * crosses.square().sum()
        of_classes = (teachers - students).square().sum() / len(teachers[0])
        return {'mlkd_instance': per_pixel(torch.stack(values).sum(0), mask),
                'mlkd_batch': scale ** 2 * of_rows / (rows if self.rows is None else self.rows),
                'mlkd_class': scale ** 2 * of_classes}
