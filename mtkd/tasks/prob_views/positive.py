"""The positive part of an output, for scale-invariant comparison."""

from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView


@PROB_VIEWS.register_module('positive')
class Positive(ProbView):
    """max(z, 0), not a distribution: for scale-invariant divergences over a channel's map.

    The temperature has no effect.
    """

    normalised = False
    scope = frozenset({'intra'})

    def __call__(self, out: Tensor, tau: float = 1.0) -> Tensor:
        """See :class:`ProbView`; (B, C, ...) -> (B, C, ...)."""
        return out.float().clamp_min(0)

    def log_probs(self, out: Tensor, tau: float = 1.0) -> Tensor:
        """Not defined, because the values do not sum to 1.

        Raises:
            ValueError: always.
        """
        raise ValueError("Probability view 'positive' is no distribution and has no log-probabilities; use it with a "
                         'scale-invariant divergence such as Cauchy-Schwarz, or choose another view.')
