"""Combines several optimizers behind the interface of one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.optim import Optimizer


class CombinedOptimizer(Optimizer):
    """Trains parts of a model with different optimizers, such as SGD for the weights and Adam for architecture scores.

    Its parameter groups and state are those of the optimizers, in order: schedulers, gradient scaling, clipping and
    checkpoints treat it as one optimizer. ``defaults`` are those of the first optimizer.

    Args:
        optimizers: the optimizers, with disjoint parameters.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self.optimizers = list(optimizers)
        super().__init__([group for optimizer in optimizers for group in optimizer.param_groups], {})
        self.defaults = dict(optimizers[0].defaults)
        self._share()

    def _share(self) -> None:
        """Share the groups and state of this optimizer with its members."""
        first = 0
        for optimizer in self.optimizers:
            count = len(optimizer.param_groups)
            optimizer.param_groups = self.param_groups[first:first + count]
            optimizer.state = self.state
            first += count

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Run one step of each optimizer.

        Raises:
            ValueError: a closure is given; each optimizer would evaluate it again.
        """
        if closure is not None:
            raise ValueError('CombinedOptimizer takes no closure.')
        for optimizer in self.optimizers:
            optimizer.step()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state returned by :meth:`state_dict`."""
        super().load_state_dict(dict(state_dict))
        self._share()
