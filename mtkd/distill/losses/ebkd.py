"""Entropy-based weighting: less confident teachers have lower weights."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ...registry import DISTILL_LOSSES
from .distill_loss import Method
from .several_teachers import SeveralTeachers


@DISTILL_LOSSES.register_module()
class EBKD(SeveralTeachers):
    """``ebkd``: weights (1 - H_m / Σ H) / M of each pixel or sample, H_m the entropy of teacher m at temperature 1.

    The weights of a sample sum to (M - 1) / M. If all entropies are 0, all weights are 1 / M.

    Args:
        temperature: τ of the divergences.

    Source: Kwon et al., ICASSP 2020, "Adaptive knowledge distillation based on entropy"; as in the comparison of
    github.com/Rorozhl/CA-MKD at c2f39a9, ``helper/loops.py``, whose division by M the paper does not have.
    """

    terms = ('ebkd',)
    method = Method('EBKD', 'Kwon et al. 2020', 'teachers', 'any')

    def weigh(self, student: Tensor, teachers: Sequence[Tensor], mask: Tensor | None, **asked: Tensor) -> Tensor:
        """See :class:`SeveralTeachers`."""
        entropies = torch.stack([-(part.exp() * part).sum(1) for part in teachers])
        total = entropies.sum(0)
        return (1 - entropies / total.clamp_min(torch.finfo(total.dtype).tiny)) / len(teachers)
