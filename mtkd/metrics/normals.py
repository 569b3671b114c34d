"""Angular errors of surface normals."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from ..registry import METRICS
from ..structures import KINDS
from .base import MetricInfo, TaskMetric

_LIMITS_DEG = (11.25, 22.5, 30.0)
_BIN_DEG = 0.01
_NUM_BINS = 18000
_NUM_SUMS = 6


def angle_deg(first: Tensor, second: Tensor) -> Tensor:
    """The angle between vectors along the first axis, (3, N) and (3, N) -> (N,) degrees, in their precision.

    Accurate near 0 and 180 degrees, where an arc cosine is not. A zero vector is at 90 degrees to everything.
    """
    first, second = F.normalize(first, dim=0), F.normalize(second, dim=0)
    return torch.rad2deg(2 * torch.atan2((first - second).norm(dim=0), (first + second).norm(dim=0)))


@METRICS.register_module()
class NormalError(TaskMetric):
    """mErr, median and rmse of the angle, and the fractions within 11.25, 22.5 and 30 degrees, over all valid pixels.

    The median is computed from a histogram with 0.01-degree bins, the others are exact.

    Args:
        legacy_per_image: also report the mean over images of each image's median (KD4MTL's code computes it per
            batch of two).

    Source: fact sheet 3.3.
    """

    primary = 'mErr'

    def __init__(self, legacy_per_image: bool = False) -> None:
        self.legacy_per_image = legacy_per_image

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        degrees, percent = MetricInfo('deg', False), MetricInfo('%', True)
        legacy = {'legacy_median': degrees} if self.legacy_per_image else {}
        return {'mErr': degrees, 'median': degrees, 'rmse': degrees,
                'within_11.25': percent, 'within_22.5': percent, 'within_30': percent, **legacy}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """Sums and the histogram of this image's angles.

        Args:
            pred: (3, H, W) vectors of any length.
            target: (3, H, W) unit vectors, the zero vector invalid.

        Returns:
            (18006 [+ 2],) float32 (not 64: a record is mostly histogram, whose counts float32 holds exactly).
        """
        valid = KINDS['normals'].valid(target[None])[0]
        angle = angle_deg(pred[:, valid].float(), target[:, valid].float()).double().cpu()
        there = ~angle.isnan()
        bins = (angle.where(there, 0.0) / _BIN_DEG).long().clamp_max(_NUM_BINS - 1)
        sums = torch.stack([valid.sum().double().cpu(), angle.sum(), angle.square().sum(),
                            *((angle < limit).sum().double() for limit in _LIMITS_DEG)])
        parts = [sums, torch.bincount(bins, minlength=_NUM_BINS).double()]
        if self.legacy_per_image:
            some = angle.numel() > 0
            parts.append(torch.tensor([angle.median() if some else 0.0, some], dtype=torch.float64))
        record = torch.cat(parts).float()
        return record if there.all() else self.unknown(record)

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; degrees and percent."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        total = records.sum(0, dtype=torch.float64)
        mean = total[1:_NUM_SUMS] / total[0]
        numbers = {'mErr': mean[0], 'median': _median(total[_NUM_SUMS:_NUM_SUMS + _NUM_BINS]), 'rmse': mean[1].sqrt(),
                   'within_11.25': mean[2] * 100, 'within_22.5': mean[3] * 100, 'within_30': mean[4] * 100}
        if self.legacy_per_image:
            numbers['legacy_median'] = total[-2] / total[-1]
        return {name: float(number) for name, number in numbers.items()}


def _median(histogram: Tensor) -> float:
    """The median of the histogram, with angles distributed evenly within a bin."""
    half = float(histogram.sum()) / 2
    if half == 0:
        return float('nan')
    reached = histogram.cumsum(0)
    bin_ = int((reached >= half).nonzero()[0])
    inside = float(histogram[bin_])
    return (bin_ + (half - (float(reached[bin_]) - inside)) / inside) * _BIN_DEG
