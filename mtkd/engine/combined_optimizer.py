"""Several optimizers behind the face of one, so that everything around the step stays as it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.optim import Optimizer


class CombinedOptimizer(Optimizer):
    """Parts of a model that learn by different rules: SGD for the weights and Adam for an architecture's scores.

    Its parameter groups and its state are those of the optimizers, in their order: schedulers, gradient scaling, clipping
    and checkpoints treat it as one optimizer. ``defaults`` are the first one's.

    Args:
        optimizers: of parameters that no two share.
    """

    def __init__(self, optimizers: Sequence[Optimizer]) -> None:
        self.optimizers = list(optimizers)
        super().__init__([group for optimizer in optimizers for group in optimizer.param_groups], {})
        self.defaults = dict(optimizers[0].defaults)
        self._share()

    def _share(self) -> None:
        """Have the optimizers work on this one's groups and state."""
        first = 0
        for optimizer in self.optimizers:
            count = len(optimizer.param_groups)
            optimizer.param_groups = self.param_groups[first:first + count]
            optimizer.state = self.state
            first += count

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of each.

        Raises:
            ValueError: a closure is given; each optimizer would evaluate it anew.
        """
        if closure is not None:
            raise ValueError('CombinedOptimizer takes no closure.')
        for optimizer in self.optimizers:
            optimizer.step()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load what :meth:`state_dict` gave."""
        super().load_state_dict(dict(state_dict))
        self._share()
