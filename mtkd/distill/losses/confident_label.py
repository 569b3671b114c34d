"""FixMatch: a confident prediction for one view of an image is the label of another view of it."""

from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, per_pixel


@DISTILL_LOSSES.register_module()
class ConfidentLabel(DistillLoss):
    """``fixmatch`` = [max t ≥ threshold] · -ln s_ŷ with ŷ = argmax t, the mean over all pixels or samples, including
    unconfident ones.

    The term grows with the number of confident predictions, which is FixMatch's curriculum. The teacher is the student
    itself (``EMATeacher`` with decay 0) or its average, the student receives a strong view, and the link is for unlabelled
    samples::

        data_preprocessor=dict(student_view=dict()),
        distiller=dict(teachers=dict(own=dict(type='EMATeacher', decay=0.)),
                       links=dict(each_task=dict(loss=dict(type='ConfidentLabel'), where='unlabelled')))

    Args:
        threshold: threshold of the probability of the most probable class.

    Raises:
        ValueError: the threshold is not from 0 to 1.

    Source: Sohn et al., NeurIPS 2020, equation 4; github.com/google-research/fixmatch, ``fixmatch.py`` (``loss_xeu`` times
    ``pseudo_mask``, threshold 0.95). Differences: labelled samples also use the strong view; the teacher runs in
    eval mode. Treating bins of depths and directions of normals as classes is our choice.
    """

    reads = 'log_probs'
    terms = ('fixmatch',)
    directions = {'fixmatch': 'inter'}
    needs_distribution = True
    method = Method('FixMatch', 'Sohn et al. 2020', 'self', 'any', note='for samples without label')

    def __init__(self, threshold: float = 0.95) -> None:
        super().__init__()
        if not 0 <= threshold <= 1:
            raise ValueError(f'ConfidentLabel: threshold={threshold} must be a probability, from 0 to 1.')
        self.threshold = threshold

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are logarithms of probabilities."""
        best, label = teacher.max(1)
        values = -student.gather(1, label[:, None])[:, 0] * (best.exp() >= self.threshold)
        return {'fixmatch': per_pixel(values, mask)}
