"""Softmax over the channels, for class maps and class labels."""

from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView, check_channels


@PROB_VIEWS.register_module('softmax')
class Softmax(ProbView):
    """p_c = softmax_c(z / τ).

    Source: KDAM, equation 3.
    """

    def scores(self, out: Tensor) -> Tensor:
        """See :class:`ProbView`; (B, K, ...) logits, unchanged.

        Raises:
            ValueError: the output has one channel, whose softmax is the constant 1.
        """
        check_channels('softmax', out, out.shape[1] > 1, "its softmax is the constant 1; take 'sigmoid_pair' for "
                       "logits, 'soft_bins' for depth, or 'naive' to keep it")
        return out
