"""Confidence-aware weighting: teachers closer to the label have higher weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import Method
from .several_teachers import SeveralTeachers


@DISTILL_LOSSES.register_module()
class CAMKD(SeveralTeachers):
    """``camkd``: weights (1 - softmax_m(CE_m)) / (M - 1) / M of each labelled pixel or sample.

    CE_m is the cross-entropy of teacher m with the label.

    Args:
        temperature: τ of the divergences.

    Source: Zhang, Chen and Wang, ICASSP 2022, equations 3 and 4; github.com/Rorozhl/CA-MKD at c2f39a9,
    ``helper/loops.py``, whose division by M the paper does not have. The paper's term between features is
    :class:`~mtkd.distill.losses.camkd_features.CAMKDFeatures`.
    """

    terms = ('camkd',)
    asks = ('target',)
    method = Method('CA-MKD', 'Zhang et al. 2022', 'teachers', 'classes', note='of outputs')

    def weigh(self, student: Tensor, teachers: Sequence[Tensor], mask: Tensor | None, **asked: Tensor) -> Tensor:
        """See :class:`SeveralTeachers`."""
        own = asked['target'].reshape(len(student), 1, -1)
        errors = torch.stack([-part.gather(1, own)[:, 0] for part in teachers])
        return (1 - errors.softmax(0)) / max(len(teachers) - 1, 1) / len(teachers)
