"""A gradient balance with a preference among tasks."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from .gradient_balance import GradientBalance


class Preferring(GradientBalance):
    """A gradient balance with a preference among tasks.

    Args:
        preference: T positive weights of the projected or aligned gradients, in the order of the tasks; None: the default of
            the method, :attr:`equal`. Weights of absent tasks are excluded and the others rescaled to the same sum.
        **place: level, tap, heads, include: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Attributes:
        equal: the meaning of None: ``'mean'``, 1 / T each, or ``'sum'``, 1 each.
    """

    equal = 'mean'

    def __init__(self, preference: Sequence[float] | None = None, **place: Any) -> None:
        super().__init__(**place)
        self.preference = preference

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`.

        Raises:
            ValueError: the number of preferences differs from the number of tasks.
        """
        super().setup(weights, net, extra)
        if self.preference is not None and (len(self.preference) != len(weights) or min(self.preference) <= 0):
            raise ValueError(f"balance: {type(self).__name__}'s preference must hold {len(weights)} positive numbers, one "
                             f"for each of {', '.join(weights)}; it is {list(self.preference)}.")

    def preferred(self, tasks: np.ndarray) -> np.ndarray:
        """The preferences of the active tasks."""
        if self.preference is None:
            return np.ones(len(tasks)) if self.equal == 'sum' else np.full(len(tasks), 1 / len(tasks))
        chosen = np.array(self.preference, dtype=float)[tasks]
        return chosen * sum(self.preference) / chosen.sum()
