"""AM-RADIO: distils several foundation models into one student by summary vectors and feature maps."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Method, Terms, masked, per_pixel
from .feature_statistics import METHODS, Standardiser

EPS = 1e-8


def cosine_distance(student: Tensor, teacher: Tensor) -> Tensor:
    """(B, C, N) twice -> (B, N): 1 - cosine over channels."""
    return 1 - F.cosine_similarity(student, teacher, dim=1, eps=EPS)


class _Standardised(DistillLoss):
    """A loss between features that first standardises those of the teacher.

    Args:
        standardise: one of :data:`~mtkd.distill.losses.feature_statistics.METHODS`.
        steps: number of training steps over which statistics are collected.
    """

    def __init__(self, standardise: str = 'none', steps: int = 100) -> None:
        super().__init__()
        if standardise not in METHODS:
            raise ValueError(f"{type(self).__name__}: standardise='{standardise}' is unknown; choose one of "
                             f"{', '.join(METHODS)}.")
        self.standardise, self.steps = standardise, steps
        self.teacher_scale: Standardiser

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        self.teacher_scale = Standardiser(teacher[0], self.standardise, self.steps)


@DISTILL_LOSSES.register_module()
class RadioSummary(_Standardised):
    """``summary``: 1 - cos between the student's and the teacher's summary vector, the mean over samples.

    The link needs a projector to the teacher's width, the adaptor head of the paper (there a multi-layer perceptron)::

        dict(task='semseg', student='shared', teacher='clip:summary', projector=dict(type='NonLinear'),
             loss=dict(type='RadioSummary'))

    Args:
        standardise: see :class:`~mtkd.distill.losses.feature_statistics.Standardiser`.
        steps: see :class:`~mtkd.distill.losses.feature_statistics.Standardiser`.

    Raises:
        ValueError: an unknown ``standardise``.

    Source: Ranzinger et al., CVPR 2024, "AM-RADIO", equation 2. The training code is not public; github.com/NVlabs/RADIO at
    c0f3701 contains inference and the matrices of PHI-S.
    """

    terms = ('summary',)
    method = Method('AM-RADIO, summary', 'Ranzinger et al. 2024', 'features', note='a link for each teacher')

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        return {'summary': per_pixel(cosine_distance(student, self.teacher_scale(teacher, mask)), mask)}


@DISTILL_LOSSES.register_module()
class RadioSpatial(_Standardised):
    """``spatial``: α (1 - cos) + β smooth-L1 between feature maps, the mean over positions.

    Smooth-L1 has its threshold at 1 and is averaged over channels. With ``alpha=0, squared=True`` it is PHI-S's mean squared
    error, which needs ``standardise='phi_s'``.

    Args:
        alpha: α.
        beta: β.
        squared: whether to use the squared difference instead of smooth-L1.
        over: ``'place'``: a cosine over the channels of each position; ``'image'``: one over an image's whole map (SAK).
        standardise: see :class:`~mtkd.distill.losses.feature_statistics.Standardiser`.
        steps: see :class:`~mtkd.distill.losses.feature_statistics.Standardiser`.

    Raises:
        ValueError: an unknown ``over`` or ``standardise``.

    Source: Ranzinger et al., CVPR 2024, "AM-RADIO", equation 3 with α = 0.9 and β = 0.1; Ranzinger et al. 2024, "PHI-S", for
    the squared error of standardised features; Lu, Cao and Wang, ICLR 2025 (SAK), for ``over='image'``: innovator-zero/SAK
    c468ae9, ``losses.py``.
    """

    terms = ('spatial',)
    method = Method('AM-RADIO and PHI-S, spatial', 'Ranzinger et al. 2024', 'features', 'dense',
                    note='standardised teachers; a link for each teacher')

    def __init__(self, alpha: float = 0.9, beta: float = 0.1, squared: bool = False, standardise: str = 'none',
                 steps: int = 100, over: str = 'place') -> None:
        super().__init__(standardise, steps)
        if over not in ('place', 'image'):
            raise ValueError(f"RadioSpatial: over='{over}' is unknown; choose 'place' or 'image'.")
        self.alpha, self.beta, self.squared, self.over = alpha, beta, squared, over

    def compare(self, student: Tensor, teacher: Tensor, mask: Tensor | None) -> Terms:
        """See :class:`DistillLoss`; the views are features."""
        teacher = self.teacher_scale(teacher, mask)
        distance = (student - teacher).square() if self.squared else F.smooth_l1_loss(student, teacher, reduction='none')
        values = self.beta * distance.mean(1)
        if self.alpha:
            values = values + self.alpha * (cosine_distance(student, teacher) if self.over == 'place' else
                                            _of_pictures(student, teacher, mask))
        return {'spatial': per_pixel(values, mask)}


def _of_pictures(student: Tensor, teacher: Tensor, mask: Tensor | None) -> Tensor:
    """1 - cos of the whole maps, over valid positions: (B, C, N) -> (B, 1)."""
    return cosine_distance(*(masked(view, mask).flatten(1)[:, :, None] for view in (student, teacher)))
