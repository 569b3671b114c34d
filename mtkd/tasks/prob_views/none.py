"""Excludes a task from the distillation of outputs."""

from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView


@PROB_VIEWS.register_module('none')
class Skip(ProbView):
    """No distribution: both :meth:`__call__` and :meth:`log_probs` return None."""

    normalised = False
    scope: frozenset[str] = frozenset()

    def __call__(self, out: Tensor, tau: float = 1.0) -> None:
        """None: the task is skipped."""

    def log_probs(self, out: Tensor, tau: float = 1.0) -> None:
        """None: the task is skipped."""
