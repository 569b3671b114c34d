"""Each channel as a distribution over the positions of the image."""

import torch
from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView


@PROB_VIEWS.register_module('spatial_softmax')
class SpatialSoftmax(ProbView):
    """p_c(x) = softmax_x(z_c(x) / τ): the H·W values of a channel sum to 1, those of a position do not."""

    normalised = False
    scope = frozenset({'intra'})

    def __call__(self, out: Tensor, tau: float = 1.0) -> Tensor:
        """See :class:`ProbView`; (B, C, h, w) -> (B, C, h, w)."""
        return torch.softmax(_flat(out, tau), dim=2).view(out.shape)

    def log_probs(self, out: Tensor, tau: float = 1.0) -> Tensor:
        """The logarithm of the distribution over positions, (B, C, h, w)."""
        return torch.log_softmax(_flat(out, tau), dim=2).view(out.shape)


def _flat(out: Tensor, tau: float) -> Tensor:
    if out.ndim != 4:
        raise ValueError(f"Probability view 'spatial_softmax' needs a map (B, C, h, w); the output has "
                         f'{out.ndim} axes.')
    return out.float().flatten(2) / tau
