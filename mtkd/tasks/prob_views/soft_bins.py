"""Soft assignment of depth to logarithmically spaced bins."""

import math

import torch
from torch import Tensor

from ...registry import PROB_VIEWS
from .base import ProbView, check_channels


@PROB_VIEWS.register_module('soft_bins')
class SoftBins(ProbView):
    """p_k = softmax_k(-(ln d - ln c_k)² / (2 s²)) with centres c_k = a (b/a)^((k + .5) / K).

    The Cauchy-Schwarz divergence of two such assignments is (ln d - ln d')² / (4 s²), a scaled squared log-depth
    error. Depth is clamped to [a/2, 2b] before the logarithm; outside, the view is constant and has no gradient.

    Args:
        num_bins: K.
        min_m: a, metres.
        max_m: b, metres.
        sigma_bins: s in units of the bin width ln(b/a)/K.

    Raises:
        ValueError: the range is not 0 < a < b, or the width or number of bins is not positive.

    Source: fact sheet 1.1.3; K, a and b are ATRC's.
    """

    def __init__(self, num_bins: int = 40, min_m: float = 0.7, max_m: float = 10.0, sigma_bins: float = 1.0) -> None:
        if not 0 < min_m < max_m or num_bins < 1 or sigma_bins <= 0:
            raise ValueError(f'soft_bins needs 0 < min_m < max_m, num_bins >= 1 and sigma_bins > 0; it got '
                             f'min_m={min_m}, max_m={max_m}, num_bins={num_bins}, sigma_bins={sigma_bins}.')
        self.num_bins = num_bins
        self.min_m = min_m
        self.max_m = max_m
        self.bin_width = math.log(max_m / min_m) / num_bins
        self.sigma = sigma_bins * self.bin_width

    def scores(self, out: Tensor) -> Tensor:
        """See :class:`ProbView`; (B, 1, ...) metres -> (B, K, ...).

        Raises:
            ValueError: the output has other than one channel.
        """
        check_channels('soft_bins', out, out.shape[1] == 1, 'it reads one depth in metres')
        log_depth = out.clamp(self.min_m / 2, self.max_m * 2).log()
        steps = torch.arange(self.num_bins, device=out.device, dtype=out.dtype) + 0.5
        centres = math.log(self.min_m) + self.bin_width * steps
        return -(log_depth - centres.view(1, -1, *[1] * (out.ndim - 2))).square() / (2 * self.sigma ** 2)
