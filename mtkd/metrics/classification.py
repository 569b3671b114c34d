"""Accuracy of class labels."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..registry import METRICS
from .base import MetricInfo, TaskMetric


@METRICS.register_module()
class Accuracy(TaskMetric):
    """Top-1, top-5 and balanced accuracy, the mean of the top-1 accuracies of all occurring classes.

    Among equal scores, the smaller class id comes first.

    Args:
        num_classes: classes 0 … num_classes - 1; top-5 is reported for six or more classes.
        offset: offset of the labels, if the scores are those of several data sets' concatenated classes.

    Source: fact sheet 3.6.
    """

    primary = 'top1'

    def __init__(self, num_classes: int, offset: int = 0) -> None:
        self.num_classes, self.offset = num_classes, offset

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        names = ('top1', 'top5', 'balanced') if self.num_classes > 5 else ('top1', 'balanced')
        return {name: MetricInfo('%', True) for name in names}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """The label, and whether it is the top-1 and among the top-5 predictions.

        Args:
            pred: (num_classes,) probabilities or logits.
            target: () class id, -1 invalid.

        Returns:
            (3,) float64.

        Raises:
            ValueError: the label is not below ``num_classes``, or ``pred`` has another length.
        """
        label = int(target)
        label += self.offset if label >= 0 else 0
        if label >= self.num_classes or pred.shape != (self.num_classes,):
            raise ValueError(f'Accuracy: label {label} or scores of shape {tuple(pred.shape)} do not fit num_classes='
                             f'{self.num_classes}; check the class mapping.')
        if label < 0:
            return torch.tensor([-1, 0, 0], dtype=torch.float64)
        scores = pred.double().cpu()
        own = scores[label]
        rank = int((~(scores[:label] < own)).sum() + (~(scores[label + 1:] <= own)).sum())
        record = torch.tensor([label, rank < 1, rank < 5], dtype=torch.float64)
        return self.unknown(record) if scores.isnan().any() else record

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; percent."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        records = records.double().cpu()
        records = records[records[:, 0] >= 0]
        label = records[:, 0].long()
        occurrences = torch.bincount(label, minlength=self.num_classes)
        hits = torch.bincount(label, weights=records[:, 1], minlength=self.num_classes)
        numbers = {'top1': records[:, 1].mean(), 'top5': records[:, 2].mean(), 'balanced': (hits / occurrences).nanmean()}
        return {name: float(numbers[name]) * 100 for name in self.names}
