"""Krum: selects the gradients that are nearest to the others."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from torch import nn

from ..registry import BALANCES
from .gradient_balance import GradientBalance


@BALANCES.register_module()
class Krum(GradientBalance):
    """Averages the gradients that are nearest to the others and drops the rest.

    Args:
        num_outliers: the number of outliers to tolerate; at least this number plus 3 tasks are required. If a batch has
            fewer tasks than that, the weights are equal.
        num_selected: the number of gradients that are averaged.
        **place: see :class:`~mtkd.balance.gradient_balance.GradientBalance`.

    Source: Blanchard et al. 2017, section 4 (which sums squared distances); distances are summed as in TorchJD's
    KrumWeighting.
    """

    def __init__(self, num_outliers: int = 1, num_selected: int = 1, **place: Any) -> None:
        super().__init__(**place)
        if num_outliers < 0 or num_selected < 1:
            raise ValueError(f'balance: Krum has num_outliers={num_outliers} and num_selected={num_selected}; give '
                             f'num_outliers >= 0 and num_selected >= 1.')
        self.num_outliers, self.num_selected = num_outliers, num_selected

    def setup(self, weights: Mapping[str, float], net: nn.Module | None = None,
              extra: Collection[str] | None = None) -> None:
        """See :meth:`GradientBalance.setup`.

        Raises:
            ValueError: there are too few tasks.
        """
        super().setup(weights, net, extra)
        if len(weights) < self._least:
            raise ValueError(f'balance: Krum with num_outliers={self.num_outliers} and num_selected={self.num_selected} '
                             f'needs {self._least} tasks or more; there are {len(weights)}.')

    @property
    def _least(self) -> int:
        return max(self.num_outliers + 3, self.num_selected)

    def solve(self, gram: np.ndarray, tasks: np.ndarray, values: np.ndarray) -> np.ndarray:
        """See :meth:`GradientBalance.solve`."""
        count = len(tasks)
        if count < self._least:
            return np.full(count, 1 / count)
        squares = gram.diagonal()
        distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * gram, 0.0))
        distances = (distances + distances.T) / 2  # two gradients that are nearest to each other tie exactly: the first wins
        np.fill_diagonal(distances, 0.0)
        scores = np.sort(distances, axis=1)[:, 1:count - self.num_outliers - 1].sum(1)
        weights = np.zeros(count)
        weights[np.argsort(scores, kind='stable')[:self.num_selected]] = 1 / self.num_selected
        return weights
