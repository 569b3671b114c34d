"""Softmax over the channels, independent of their meaning."""

from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView


@PROB_VIEWS.register_module('naive')
class Naive(ProbView):
    """p_c = softmax_c(z / τ) for any output.

    Of one channel it is the constant 1 with a zero gradient; of three normal components it is defined and
    meaningless. It is here to show what KDAM's equation 3 gives if taken by the letter.
    """

    def scores(self, out: Tensor) -> Tensor:
        """See :class:`ProbView`; (B, C, ...) as it is."""
        return out
