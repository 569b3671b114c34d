"""A logit as a pair of Bernoulli probabilities."""

import torch
from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView, check_channels


@PROB_VIEWS.register_module('sigmoid_pair')
class SigmoidPair(ProbView):
    """[sigmoid(z / τ), 1 - sigmoid(z / τ)], which is softmax([z, 0] / τ)."""

    def scores(self, out: Tensor) -> Tensor:
        """See :class:`ProbView`; (B, 1, ...) logits -> (B, 2, ...).

        Raises:
            ValueError: the output has other than one channel.
        """
        check_channels('sigmoid_pair', out, out.shape[1] == 1, "it reads one logit; take 'softmax' for several")
        return torch.cat([out, torch.zeros_like(out)], dim=1)
