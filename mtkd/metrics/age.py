"""Age errors in years and age groups."""

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
        """Whether the sample is labelled, and its error.

        Args:
            pred: () or (1,) years.
            target: () years, NaN invalid.

        Returns:
            (2,) float64.
        """
        if bool(target.isnan()):
            return torch.zeros(2, dtype=torch.float64)
        record = torch.tensor([1, abs(pred.item() - target.item())], dtype=torch.float64)
        return self.unknown(record) if record.isnan().any() else record

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; years."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        count, error = records.double().sum(0)
        return {'MAE': float(error / count)}


@METRICS.register_module()
class AgeGroupAccuracy(TaskMetric):
    """Exact group accuracy, one-off, and balanced accuracy, the mean of the exact accuracies of all occurring groups.

    One-off is the share of samples at most one group away. Groups are ordered.

    Source: fact sheet 3.6 (the protocol of Adience; its mean and deviation over five folds are the leaderboard's).
    """

    primary = 'exact'

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        return {name: MetricInfo('%', True) for name in ('exact', 'one_off', 'balanced')}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """The group, whether it is predicted exactly, and whether the prediction is at most one group away.

        Args:
            pred: (num_groups,) probabilities or logits.
            target: () group, -1 invalid.

        Returns:
            (3,) float64.

        Raises:
            ValueError: ``pred`` has no score for the group.
        """
        group = int(target)
        if group < 0:
            return torch.tensor([-1, 0, 0], dtype=torch.float64)
        if group >= len(pred):
            raise ValueError(f'AgeGroupAccuracy: there are {len(pred)} scores, but the label is group {group}; check the '
                             f'class mapping.')
        distance = abs(int(pred.argmax()) - group)
        record = torch.tensor([group, distance == 0, distance <= 1], dtype=torch.float64)
        return self.unknown(record) if pred.isnan().any() else record

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; percent."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        records = records.double().cpu()
        records = records[records[:, 0] >= 0]
        group = records[:, 0].long()
        occurrences, hits = torch.bincount(group), torch.bincount(group, weights=records[:, 1])
        exact, one_off = records[:, 1:].mean(0)
        numbers = {'exact': exact, 'one_off': one_off, 'balanced': (hits / occurrences).nanmean()}
        return {name: float(number) * 100 for name, number in numbers.items()}
