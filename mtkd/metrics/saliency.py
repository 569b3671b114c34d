"""F-measure of saliency maps."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ..registry import METRICS
from ..structures import IGNORE
from .base import MetricInfo, TaskMetric

_THRESHOLDS = tuple(round(0.05 * k, 2) for k in range(1, 20))
_SURVEY_THRESHOLDS = tuple(round(0.2 + 0.05 * k, 2) for k in range(15))
_BETA_SQUARED = 0.3
_NUM_SUMS = 2 * len(_THRESHOLDS) + 1 + 4


@METRICS.register_module()
class SaliencyF(TaskMetric):
    """maxF, and the mIoU of background and salient at threshold .5, from counts pooled over all samples.

    F = (1 + β²) P R / (β² P + R), β² = .3, the best of the thresholds .05, .10 … .95 (a pixel at the threshold is
    salient).

    Args:
        survey: also report the multi-task survey's numbers: precision and recall averaged over images, β² = 1,
            thresholds .20, .25 … .90 (a pixel at the threshold is not salient); ``survey_mIoU`` is the best over
            thresholds of the salient class's IoU averaged over images.
        faithful_to_release: first apply the sigmoid to the probabilities, as InvPT's released meter does by mistake: all
            values are then between .50 and .73, and few thresholds separate them. The numbers are not comparable with
            others.

    Source: fact sheet 3.5, 5.4.
    """

    primary = 'maxF'

    def __init__(self, survey: bool = False, faithful_to_release: bool = False) -> None:
        self.survey, self.twice = survey, faithful_to_release

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        names = ('maxF', 'mIoU', *(('survey_maxF', 'survey_mIoU') if self.survey else ()))
        return {name: MetricInfo('%', True) for name in names}

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """Counts at each threshold and the confusion at .5; with ``survey`` this image's rates.

        Args:
            pred: (H, W) probabilities of salient.
            target: (H, W) in {0, 1}, 255 invalid.

        Returns:
            (43 [+ 46],) float64.
        """
        pred, target = pred.float().cpu(), target.cpu()
        valid = target != IGNORE
        prob, salient = pred[valid], target[valid] == 1
        prob = prob.sigmoid() if self.twice else prob
        # compared in float32, the type of the probabilities: .7 is below .7 in float64
        marked = prob >= torch.tensor(_THRESHOLDS)[:, None]
        half = prob >= 0.5
        confusion = torch.stack([(half & salient).sum(), (half & ~salient).sum(), (~half & salient).sum(),
                                 (~half & ~salient).sum()])
        counts = torch.cat([(marked & salient).sum(1), marked.sum(1), salient.sum()[None], confusion]).double()
        record = torch.cat([counts, _survey_rates(prob, salient)]) if self.survey else counts
        return self.unknown(record) if prob.isnan().any() else record

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; percent."""
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        total = records.double().sum(0)
        true_positive, predicted, actual, confusion = total[:_NUM_SUMS].split(
            [len(_THRESHOLDS), len(_THRESHOLDS), 1, 4])
        if confusion.sum() == 0:
            return dict.fromkeys(self.names, float('nan'))
        precision, recall = true_positive / predicted, true_positive / actual
        numbers = {'maxF': _f_measure(precision, recall, _BETA_SQUARED).max(), 'mIoU': _mean_iou(*confusion)}
        if self.survey:
            precision, recall, iou = (total[_NUM_SUMS:-1] / total[-1]).chunk(3)
            numbers |= {'survey_maxF': _f_measure(precision, recall, 1.0).max(), 'survey_mIoU': iou.max()}
        return {name: float(number) * 100 for name, number in numbers.items()}


def _f_measure(precision: Tensor, recall: Tensor, beta_squared: float) -> Tensor:
    return ((1 + beta_squared) * precision * recall / (beta_squared * precision + recall)).nan_to_num(0.0)


def _mean_iou(tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
    """Mean IoU of the two classes; a class in neither prediction nor label is left out."""
    hits = torch.stack([tp, tn])
    return (hits / (hits + fp + fn)).nanmean()


def _survey_rates(prob: Tensor, salient: Tensor) -> Tensor:
    """One image's precision, recall and IoU at the survey's thresholds, and 1; zeros where nothing is valid."""
    num = len(_SURVEY_THRESHOLDS)
    if not prob.numel():
        return torch.zeros(3 * num + 1, dtype=torch.float64)
    marked = prob > torch.tensor(_SURVEY_THRESHOLDS)[:, None]
    true_positive, predicted, actual = (marked & salient).sum(1).double(), marked.sum(1), salient.sum()
    union = predicted + actual - true_positive
    return torch.cat([true_positive / predicted.clamp_min(1), true_positive / actual.clamp_min(1),
                      torch.where(union > 0, true_positive / union, 1.0), torch.ones(1, dtype=torch.float64)])
