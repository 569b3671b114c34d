"""Base class of metrics: a record of fixed size per sample, and a summary of the records of all samples."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class MetricInfo:
    """Description of one reported number.

    Attributes:
        unit: ``'%'``, ``'m'``, ``'deg'``, ``'years'``, ``'classes'``; empty for a plain ratio.
        higher_is_better: the direction of improvement.
    """

    unit: str
    higher_is_better: bool


class TaskMetric:
    """One task's metric.

    A record is made from one sample at its own size, so images of different sizes mix freely and a distributed run
    gathers exactly one record per sample. A sample without a label also has a record, without valid pixels, which changes
    none of the numbers.

    A prediction that is NaN where a label is valid has no error and no class: its record is :meth:`unknown`, and every
    number of a summary with such a record is NaN. A diverged network thus never gets a score.

    Attributes:
        primary: the name in :attr:`names` that represents the task in tables and in Δ.
        slow: whether ``record`` is expensive enough for the engine to run it in worker processes.
    """

    primary: str
    slow: bool = False

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        """Description of the numbers of :meth:`summarise`, with units and directions."""
        raise TypeError(f'{type(self).__name__} does not implement names')

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """The record of one sample.

        Args:
            pred: one sample of ``Task.predict``, without the batch axis.
            target: its label in the kind's tensor form, without the batch axis.

        Returns:
            (K,) float64 on the CPU, or float32 if K is large; K depends only on the metric.
        """
        raise TypeError(f'{type(self).__name__} does not implement record')

    @staticmethod
    def unknown(record: Tensor) -> Tensor:
        """The record of a sample with a NaN prediction: NaN in all entries."""
        return torch.full_like(record, torch.nan)

    @staticmethod
    def has_unknown(records: Tensor) -> bool:
        """Whether one of (N, K) records is :meth:`unknown`."""
        return bool(records[:, 0].isnan().any())

    def summarise(self, records: Tensor) -> dict[str, float]:
        """Compute the metrics from the records of all samples.

        Args:
            records: (N, K), the records in any order.

        Returns:
            A number for each of :attr:`names`; NaN if there is no valid pixel or label, or a prediction is NaN.
        """
        raise TypeError(f'{type(self).__name__} does not implement summarise')
