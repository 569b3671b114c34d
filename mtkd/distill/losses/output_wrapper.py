"""Base class of losses that transform the scores before another loss."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from ...registry import DISTILL_LOSSES
from .distill_loss import DistillLoss, Terms


class OutputWrapper(DistillLoss):
    """Wraps a loss on probabilities or their logarithms.

    Subclasses receive the scores in :meth:`compare` and pass transformed ones to :meth:`inner`. The scores are logarithms of
    probabilities at temperature 1, which are a classifier's logits up to a constant per pixel.

    Args:
        loss: the wrapped loss or its config.

    Raises:
        ValueError: the loss does not use the probabilities of a task.
    """

    reads = 'log_probs'
    needs_distribution = True

    def __init__(self, loss: DistillLoss | Mapping[str, Any]) -> None:
        super().__init__()
        self.loss: DistillLoss = loss if isinstance(loss, nn.Module) else DISTILL_LOSSES.build(dict(loss))
        if self.loss.reads not in ('probs', 'log_probs'):
            raise ValueError(f'{type(self).__name__} wraps losses that use the probabilities of an output, which '
                             f'{type(self.loss).__name__} does not.')
        self.terms, self.directions = self.loss.terms, self.loss.directions
        self.several, self.asks, self.needs_teacher = self.loss.several, self.loss.asks, self.loss.needs_teacher

    def setup(self, student: Sequence[int], teacher: Sequence[int]) -> None:
        """See :class:`DistillLoss`."""
        self.loss.setup(student, teacher)

    def inspect(self, networks: Sequence[nn.Module]) -> None:
        """See :class:`DistillLoss`."""
        self.loss.inspect(networks)

    def inner(self, student: Any, teacher: Any, mask: Any, **asked: Any) -> Terms:
        """The terms of the wrapped loss for transformed scores, (B, C, N) each, tuples of them, or None."""
        return self.loss.compare(self._each(student), self._each(teacher), mask, **asked)

    def _each(self, scores: Any) -> Any:
        if scores is None:
            return None
        if not isinstance(scores, Tensor):
            return tuple(self._each(part) for part in scores)
        log_probs = (scores / self.loss.tau).log_softmax(1)
        return log_probs if self.loss.reads == 'log_probs' else log_probs.exp()
