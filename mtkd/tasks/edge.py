"""Semantic edge detection."""

from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, Size
from .draw import draw_binary
from .pictured import ColourScale, ErrorMap, probability_error
from .task import Part, Task, override


@TASKS.register_module()
class Edge(Task):
    """Boundary pixels: weighted binary cross-entropy, odsF, sigmoid pair.

    Args:
        name: see :class:`Task`.
        loss: see :class:`Task`; ``w_pos`` is .8 on NYUD, the default, and .95 on PASCAL-Context.
        metric: see :class:`Task`; ``max_dist`` is .011 on NYUD, the default, and .0075 on PASCAL-Context.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.
    """

    kind = KINDS['edge_map']

    def __init__(self, name: str = 'edge', loss: Part = None, metric: Part = None, prob_view: Part = None,
                 weight: float = 50.0) -> None:
        super().__init__(name, out_channels=1, weight=weight, loss=override({'type': 'EdgeBCE', 'w_pos': 0.8}, loss),
                         metric=override({'type': 'BoundaryF', 'max_dist': 0.011}, metric),
                         prob_view=override({'type': 'sigmoid_pair'}, prob_view))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, 1, h, w) logits -> (B, H, W) float32 probabilities."""
        return self.resize(out, size)[:, 0].sigmoid()

    @property
    def colours(self) -> ColourScale:
        """Probabilities."""
        return ColourScale('gray', 1.0, '')

    def error(self, prediction: Tensor, target: Tensor) -> ErrorMap:
        """|probability - label|."""
        return probability_error(prediction, target, self.kind.valid(target[None])[0])

    def draw(self, value: Tensor) -> Tensor:
        """(B, H, W) probabilities or labels -> (B, 3, H, W) uint8, edges white."""
        return draw_binary(value)
