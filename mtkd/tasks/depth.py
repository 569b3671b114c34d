"""Metric depth estimation."""

import torch
from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, Size
from .draw import NEAR_WARM, draw_depth
from .pictured import ColourScale, ErrorMap
from .task import Part, Task, override


@TASKS.register_module()
class Depth(Task):
    """Metres per pixel, directly predicted by the head: L1, rmse, soft bins.

    Args:
        name: see :class:`Task`.
        loss: see :class:`Task`.
        metric: see :class:`Task`.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.
        draw_max_m: depth at the end of the colour scale, metres.

    Raises:
        ValueError: ``draw_max_m`` is not positive.
    """

    kind = KINDS['depth']

    def __init__(self, name: str = 'depth', loss: Part = None, metric: Part = None, prob_view: Part = None,
                 weight: float = 1.0, draw_max_m: float = 10.0) -> None:
        if draw_max_m <= 0:
            raise ValueError(f"Task '{name}': draw_max_m is {draw_max_m}; give a positive number of metres.")
        self.draw_max_m = draw_max_m
        super().__init__(name, out_channels=1, weight=weight, loss=override({'type': 'L1Depth'}, loss),
                         metric=override({'type': 'DepthError'}, metric),
                         prob_view=override({'type': 'soft_bins'}, prob_view))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, 1, h, w) -> (B, 1, H, W) float32 metres, at least 0."""
        return self.resize(out, size).clamp_min(0)

    @property
    def colours(self) -> ColourScale:
        """Metres, see ``draw_max_m``."""
        return ColourScale(NEAR_WARM, self.draw_max_m, 'm')

    def error(self, prediction: Tensor, target: Tensor) -> ErrorMap:
        """|prediction - label| in metres; the colour scale ends at a fifth of ``draw_max_m``."""
        far = (prediction.float() - target.float()).abs()[0].masked_fill(~self.kind.valid(target[None])[0], torch.nan)
        return ErrorMap(far.cpu(), 'absolute error', 'm', self.draw_max_m / 5)

    def draw(self, value: Tensor) -> Tensor:
        """(B, 1, H, W) metres -> (B, 3, H, W) uint8, near warm and far cold."""
        return draw_depth(value, self.draw_max_m)
