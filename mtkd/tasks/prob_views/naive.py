"""Softmax over the channels, independent of their meaning."""

from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView


@PROB_VIEWS.register_module('naive')
class Naive(ProbView):
    """p_c = softmax_c(z / τ) for any output.

    For one channel it is the constant 1 with zero gradient; for the three components of a normal it is defined but
    meaningless. It shows the result of a literal reading of KDAM's equation 3.
    """

    def scores(self, out: Tensor) -> Tensor:
        """See :class:`ProbView`; (B, C, ...) unchanged."""
        return out
