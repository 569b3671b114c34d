"""Saliency detection."""

import torch
from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, Size
from .draw import draw_binary
from .pictured import ColourScale, ErrorMap, probability_error
from .task import Part, Task, override


@TASKS.register_module()
class Saliency(Task):
    """The salient object's pixels: balanced cross-entropy, maxF, softmax of two channels or a sigmoid of one.

    Args:
        num_channels: 2 (not salient, salient) or 1 (the logit of salient, which equals the difference of the two channels).
        name: see :class:`Task`.
        loss: see :class:`Task`; it receives two channels in either case.
        metric: see :class:`Task`.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.

    Raises:
        ValueError: ``num_channels`` is neither 1 nor 2.
    """

    kind = KINDS['binary_map']

    def __init__(self, num_channels: int = 2, name: str = 'sal', loss: Part = None, metric: Part = None,
                 prob_view: Part = None, weight: float = 5.0) -> None:
        if num_channels not in (1, 2):
            raise ValueError(f"Task '{name}': num_channels is {num_channels}; give 1 or 2.")
        super().__init__(name, out_channels=num_channels, weight=weight,
                         loss=override({'type': 'BalancedCrossEntropy'}, loss),
                         metric=override({'type': 'SaliencyF'}, metric),
                         prob_view=override({'type': 'softmax' if num_channels == 2 else 'sigmoid_pair'}, prob_view))

    def loss_input(self, out: Tensor) -> Tensor:
        """(B, 2, H, W) logits; one channel z becomes (0, z), which has the same probabilities."""
        return out if out.shape[1] == 2 else torch.cat([torch.zeros_like(out), out], dim=1)

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, C, h, w) logits -> (B, H, W) float32 probabilities of the class salient."""
        return self.loss_input(self.resize(out, size)).softmax(1)[:, 1]

    @property
    def colours(self) -> ColourScale:
        """Probabilities."""
        return ColourScale('gray', 1.0, '')

    def error(self, prediction: Tensor, target: Tensor) -> ErrorMap:
        """|probability - label|."""
        return probability_error(prediction, target, self.kind.valid(target[None])[0])

    def draw(self, value: Tensor) -> Tensor:
        """(B, H, W) probabilities or labels -> (B, 3, H, W) uint8, white where salient."""
        return draw_binary(value)
