"""Age estimation."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, Size
from .draw import draw_text
from .task import Part, Task, override

_GREY = 96


@TASKS.register_module()
class Age(Task):
    """Years as the expectation over one bin per year: cross-entropy over bins, MAE, softmax.

    Ages in groups are a :class:`~mtkd.tasks.Classification` with ``metric='AgeGroupAccuracy'``.

    Args:
        num_bins: number of bins, for the years 0 … num_bins - 1.
        name: see :class:`Task`.
        loss: see :class:`Task`; the sources also use ``'L1Expectation'``.
        metric: see :class:`Task`.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.

    Raises:
        ValueError: there are fewer than two bins.

    Source: DEX; fact sheet 1.4.2.
    """

    kind = KINDS['scalar']
    plausible = (0.0, 130.0)  # years; a label outside is an error, one beyond the bins is clamped

    def __init__(self, num_bins: int = 101, name: str = 'age', loss: Part = None, metric: Part = None,
                 prob_view: Part = None, weight: float = 1.0) -> None:
        if num_bins < 2:
            raise ValueError(f"Task '{name}': num_bins is {num_bins}; give 2 or more.")
        super().__init__(name, out_channels=num_bins, weight=weight, loss=override({'type': 'BinCrossEntropy'}, loss),
                         metric=override({'type': 'AgeError'}, metric),
                         prob_view=override({'type': 'softmax'}, prob_view))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, num_bins) logits -> (B,) float32 years; ``size`` is ignored."""
        years = torch.arange(out.shape[1], device=out.device, dtype=torch.float32)
        return (out.float().softmax(1) * years).sum(1)

    def words(self, value: Tensor, class_names: Sequence[str] = ()) -> list[tuple[str, float | None]]:
        """Years."""
        years = float(value)
        return [] if years != years else [(f'{years:.1f} years', None)]

    def draw(self, value: Tensor) -> Tensor:
        """(B,) years -> (B, 3, 64, 64) uint8 grey swatches with the year written on them; black without an age."""
        value = value.detach().cpu()
        known = ~value.isnan()
        colours = (known[:, None] * torch.full((1, 3), _GREY)).byte()
        return draw_text([f'{years:.0f}' if years == years else '' for years in value.tolist()], colours)
