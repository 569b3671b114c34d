"""Errors of age in years and in groups."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..registry import METRICS
from .base import MetricInfo, TaskMetric


@METRICS.register_module()
class AgeError(TaskMetric):
    """MAE: the mean absolute error in years over labelled samples.

    Source: fact sheet 3.6.
    """

    primary = 'MAE'

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        return {'MAE': MetricInfo('years', False)}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """Whether the sample counts, and its error.

        Args:
            pred: () or (1,) years.
            target: () years, NaN invalid.

        Returns:
            (2,) float64.
        """
        if bool(target.isnan()):
            return torch.zeros(2, dtype=torch.float64)
        return torch.tensor([1, abs(pred.item() - target.item())], dtype=torch.float64)

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; years."""
        count, error = records.double().sum(0)
        return {'MAE': float(error / count)}


@METRICS.register_module()
class AgeGroupAccuracy(TaskMetric):
    """Exact group accuracy, and one-off: the share of samples at most one group away. Groups are ordered.

    Source: fact sheet 3.6 (the protocol of Adience; its mean and deviation over five folds are the leaderboard's).
    """

    primary = 'exact'

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        return {'exact': MetricInfo('%', True), 'one_off': MetricInfo('%', True)}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """Whether the sample counts, is exact, and is at most one off.

        Args:
            pred: (num_groups,) probabilities or logits.
            target: () group, -1 invalid.

        Returns:
            (3,) float64.
        """
        if int(target) < 0:
            return torch.zeros(3, dtype=torch.float64)
        distance = abs(int(pred.argmax()) - int(target))
        return torch.tensor([1, distance == 0, distance <= 1], dtype=torch.float64)

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; percent."""
        count, exact, one_off = records.double().sum(0)
        return {'exact': float(exact / count) * 100, 'one_off': float(one_off / count) * 100}
