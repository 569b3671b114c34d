"""Errors of metric depth."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..registry import METRICS
from ..structures import KINDS
from .base import MetricInfo, TaskMetric

_RATIOS = (1.25, 1.25 ** 2, 1.25 ** 3)
_NUM_SUMS = 8


@METRICS.register_module()
class DepthError(TaskMetric):
    """rmse, absErr, relErr, log_rmse and the fractions delta1–3, over all valid pixels of the set.

    A negative prediction counts as 0.

    Args:
        log_floor_m: lower bound of predictions in ``log_rmse``, metres.
        legacy_per_image: also report the means over images of each image's rmse, absErr and relErr (ASTMT; MTAN
            and KD4MTL compute them per batch of two).
        unit: unit of the depths; empty for inverse depth (Cityscapes), whose errors have none.

    Source: fact sheet 3.2.
    """

    primary = 'rmse'

    def __init__(self, log_floor_m: float = 1e-3, legacy_per_image: bool = False, unit: str = 'm') -> None:
        self.log_floor_m = log_floor_m
        self.legacy_per_image = legacy_per_image
        self.unit = unit

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        metres, ratio, percent = MetricInfo(self.unit, False), MetricInfo('', False), MetricInfo('%', True)
        legacy = {'legacy_rmse': metres, 'legacy_absErr': metres, 'legacy_relErr': ratio}
        return {'rmse': metres, 'absErr': metres, 'relErr': ratio, 'log_rmse': ratio,
                'delta1': percent, 'delta2': percent, 'delta3': percent, **(legacy if self.legacy_per_image else {})}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """Sums over this image's valid pixels.

        Args:
            pred: (1, H, W) metres.
            target: (1, H, W) metres, 0 invalid.

        Returns:
            (8 [+ 4],) float64.
        """
        valid = KINDS['depth'].valid(target[None])[0]
        depth_m, label_m = pred[0][valid].double().clamp_min(0), target[0][valid].double()
        error = (depth_m - label_m).abs()
        log_error = depth_m.clamp_min(self.log_floor_m).log() - label_m.log()
        ratio = torch.maximum(depth_m / label_m, label_m / depth_m)
        sums = torch.stack([valid.sum().double(), error.sum(), (error / label_m).sum(), error.square().sum(),
                            log_error.square().sum(), *((ratio < limit).sum().double() for limit in _RATIOS)]).cpu()
        record = torch.cat([sums, _per_image(sums)]) if self.legacy_per_image else sums
        return self.unknown(record) if sums[1].isnan() else record

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; metres, ratios and percent."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        total = records.double().sum(0)
        mean = total[1:_NUM_SUMS] / total[0]
        numbers = {'rmse': mean[2].sqrt(), 'absErr': mean[0], 'relErr': mean[1], 'log_rmse': mean[3].sqrt(),
                   'delta1': mean[4] * 100, 'delta2': mean[5] * 100, 'delta3': mean[6] * 100}
        if self.legacy_per_image:
            legacy = total[_NUM_SUMS:-1] / total[-1]
            numbers |= {'legacy_rmse': legacy[0], 'legacy_absErr': legacy[1], 'legacy_relErr': legacy[2]}
        return {name: float(number) for name, number in numbers.items()}


def _per_image(sums: Tensor) -> Tensor:
    """One image's rmse, absErr and relErr, and 1; zeros where it has no valid pixel."""
    if sums[0] == 0:
        return torch.zeros(4, dtype=torch.float64)
    mean = sums / sums[0]
    return torch.stack([mean[3].sqrt(), mean[1], mean[2], mean[0]])
