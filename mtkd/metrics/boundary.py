"""F-measure of boundary maps."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mtkd.registry import METRICS
from mtkd.structures import IGNORE

from . import boundary_match as bm
from .base import MetricInfo, TaskMetric

_HUNDREDTHS = tuple(k / 100 for k in range(1, 100))
_THRESHOLDS = {'seism': (0.001, *_HUNDREDTHS, 0.999), 'survey': _HUNDREDTHS}
_RECALL_GRID = np.arange(101) / 100


@METRICS.register_module()
class BoundaryF(TaskMetric):
    """odsF, oisF and AP of boundary maps by SEISM's protocol, without MATLAB.

    The prediction is quantised to 8 bits, reduced to its ridges (non-maximum suppression), attenuated at the image border,
    thresholded and thinned; then as many of its pixels as possible are matched one to one with those of the thinned target
    within a radius. odsF is the best F of the counts pooled over images, oisF that of the counts pooled at each image's own
    best threshold, AP the area under the interpolated precision-recall curve. SEISM's own solver also minimises the total
    distance and may miss a pair or two of a maximum matching.

    Radius and border refer to the given image: crop padding first.

    Args:
        max_dist: matching radius as a fraction of the image's diagonal; .0075 for PASCAL-Context, .011 for NYUD-v2.
        thresholds: ascending; default: the protocol's (seism: .001, .01, .02 … .99, .999; survey: .01 … .99).
        nms: suppress non-maxima and attenuate the border; default: yes for seism, no for survey.
        thin: thin the thresholded maps and the target.
        seism_quirk: treat the target as a partition and score against the boundaries of its regions, as SEISM does with
            NYUD's edge images; this doubles each contour and shifts it by about half a pixel.
        protocol: ``'seism'`` (a pixel at a threshold is not an edge) or ``'survey'`` (it is one).
        border: width of the attenuated border, pixels.
        mode: ``'exact'``, or ``'fast'``: a pixel counts if any counterpart is within the radius, reported as
            ``odsF_fast``, ``oisF_fast`` and ``AP_fast``, which are higher and not comparable with the exact ones.

    Raises:
        ValueError: an argument is out of its range.

    Source: fact sheet 3.4.
    """

    slow = True

    def __init__(self, max_dist: float = 0.0075, thresholds: Sequence[float] | None = None, nms: bool | None = None,
                 thin: bool = True, seism_quirk: bool = False, protocol: str = 'seism', border: int = 5,
                 mode: str = 'exact') -> None:
        if protocol not in _THRESHOLDS:
            raise ValueError(f"BoundaryF: protocol={protocol!r} is unknown; choose 'seism' or 'survey'.")
        if mode not in ('exact', 'fast'):
            raise ValueError(f"BoundaryF: mode={mode!r} is unknown; choose 'exact' or 'fast'.")
        if not max_dist > 0 or border < 0:
            raise ValueError(f'BoundaryF needs max_dist > 0 and border >= 0, got {max_dist} and {border}.')
        self.thresholds = np.array(_THRESHOLDS[protocol] if thresholds is None else thresholds, dtype=np.float64)
        if self.thresholds.ndim != 1 or not self.thresholds.size or (np.diff(self.thresholds) <= 0).any():
            raise ValueError('The thresholds of BoundaryF must be a non-empty list in ascending order.')
        if self.thresholds[0] < 0 or (protocol == 'survey' and self.thresholds[0] == 0):
            raise ValueError("The lowest threshold of BoundaryF must be at least 0, and above 0 for protocol='survey'.")
        self.max_dist = max_dist
        self.nms = protocol == 'seism' if nms is None else nms
        self.thin = thin
        self.seism_quirk = seism_quirk
        self.protocol = protocol
        self.border = border
        self.mode = mode
        self.suffix = '_fast' if mode == 'fast' else ''
        self.primary = f'odsF{self.suffix}'

    @property
    def names(self) -> Mapping[str, MetricInfo]:
        return {f'{name}{self.suffix}': MetricInfo('%', True) for name in ('odsF', 'oisF', 'AP')}

    def radius(self, size: tuple[int, int]) -> float:
        """Largest distance of a matched pair in an image of (height, width) ``size``, pixels."""
        return self.max_dist * math.hypot(*size)

    def record(self, pred: Tensor, target: Tensor) -> Tensor:
        """Counts at each threshold.

        Args:
            pred: (H, W) probabilities of edge.
            target: (H, W) in {0, 1}; pixels with 255 count neither as prediction nor as target.

        Returns:
            (4 T,) float64: matched target pixels, target pixels, matched predicted pixels, predicted pixels.

        Raises:
            ValueError: the shapes differ, or ``pred`` is not in [0, 1].
        """
        if pred.ndim != 2 or pred.shape != target.shape:
            raise ValueError(f'BoundaryF needs a prediction and a target of the same shape (H, W), '
                             f'got {tuple(pred.shape)} and {tuple(target.shape)}.')
        prob = pred.detach().float().cpu()
        if prob.isnan().logical_and(target.cpu() != IGNORE).any():
            return self.unknown(torch.zeros(4 * len(self.thresholds), dtype=torch.float64))
        prob = prob.nan_to_num(0.0, math.inf, -math.inf)
        if prob.numel() and not (prob.min() >= 0 and prob.max() <= 1):
            raise ValueError('BoundaryF needs edge probabilities in [0, 1]; apply the sigmoid first.')
        label = target.cpu().numpy()
        valid = label != IGNORE
        stack = self._predicted(prob, valid)
        edge = self._target(label) & valid
        radius = self.radius(edge.shape)
        if self.mode == 'fast':
            found_target, found_pred = bm.overlap_counts(stack, edge, radius)
        else:
            found_target = found_pred = bm.match_counts(stack, edge, radius)
        total = np.full(stack.count, np.count_nonzero(edge))
        return torch.from_numpy(np.concatenate([found_target, total, found_pred, stack.sizes()]).astype(np.float64))

    def _predicted(self, prob: Tensor, valid: bm.BoolArray) -> bm.BoundaryStack:
        strength = (prob * 255).to(torch.uint8).numpy() / 255.0
        if self.nms:
            strength = bm.suppress_non_maxima(strength, self.border)
        stack = bm.threshold_stack(strength, self.thresholds, inclusive=self.protocol == 'survey')
        if self.thin:
            stack = bm.thin_stack(stack)
        return stack.keep(valid.ravel()[stack.index])

    def _target(self, label: np.ndarray) -> bm.BoolArray:
        edge = label == 1
        if self.seism_quirk:
            edge = bm.partition_boundary(edge)
        return bm.thin(edge) if self.thin else edge

    def summarise(self, records: Tensor) -> dict[str, float]:
        """See :class:`TaskMetric`; percent. NaN if no image has a target or predicted pixel.

        For pooled and per-image counts: recall 1 and precision 0 without target pixels; otherwise precision 1 and recall 0
        without predicted pixels. As in SEISM, AP uses the recalls .00, .01 … 1 that the curve spans and is 0 for a
        curve with a single recall, and oisF takes the lowest of an image's best thresholds.
        """
        if self.has_unknown(records):
            return dict.fromkeys(self.names, float('nan'))
        counts = records.double().cpu().numpy().reshape(len(records), 4, -1)
        pooled = counts.sum(axis=0)
        if not pooled[[1, 3]].any():
            return dict.fromkeys(self.names, float('nan'))
        best = _f_measure(*_rates(counts.swapaxes(0, 1))).argmax(axis=1)
        own = counts[np.arange(len(counts)), :, best].sum(axis=0)
        precision, recall = _rates(pooled)
        numbers = (_f_measure(precision, recall).max(), _f_measure(*_rates(own)), _average_precision(precision, recall))
        return {name: 100 * float(number) for name, number in zip(self.names, numbers, strict=True)}


def _rates(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(precision, recall) of (4, …) counts in the order of a record."""
    found_target, targets, found_pred, predicted = counts
    precision = np.where(predicted > 0, found_pred / np.maximum(predicted, 1), targets > 0)
    return precision, np.where(targets > 0, found_target / np.maximum(targets, 1), 1.0)


def _f_measure(precision: np.ndarray, recall: np.ndarray) -> np.ndarray:
    total = precision + recall
    return 2 * precision * recall / np.where(total > 0, total, 1.0)


def _average_precision(precision: np.ndarray, recall: np.ndarray) -> float:
    recalls, first = np.unique(recall, return_index=True)
    if len(recalls) < 2:
        return 0.0
    return float(np.nansum(np.interp(_RECALL_GRID, recalls, precision[first], left=np.nan, right=np.nan)) / 100)
