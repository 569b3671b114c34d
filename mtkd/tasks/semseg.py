"""Semantic segmentation."""

import torch
from torch import Tensor

from ..registry import TASKS
from ..structures import IGNORE, KINDS, Size
from .draw import draw_classes
from .pictured import ErrorMap
from .task import Part, Task, override


@TASKS.register_module()
class SemanticSegmentation(Task):
    """A class per pixel: cross-entropy, mIoU, softmax.

    Args:
        num_classes: classes 0 … num_classes - 1, at most 255; 255 is the invalid id.
        name: see :class:`Task`.
        loss: see :class:`Task`.
        metric: see :class:`Task`; it receives ``num_classes``.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.

    Raises:
        ValueError: ``num_classes`` is not in 2..255.

    Source: losses and weights of all dense tasks, fact sheet 1.1.4.
    """

    kind = KINDS['class_map']

    def __init__(self, num_classes: int, name: str = 'semseg', loss: Part = None, metric: Part = None,
                 prob_view: Part = None, weight: float = 1.0) -> None:
        if not 2 <= num_classes <= IGNORE:
            raise ValueError(f"Task '{name}': num_classes is {num_classes}; give 2..{IGNORE} (id {IGNORE} is invalid).")
        self.num_classes = num_classes
        super().__init__(name, out_channels=num_classes, weight=weight,
                         loss=override({'type': 'CrossEntropy'}, loss),
                         metric=override({'type': 'MeanIoU', 'num_classes': num_classes}, metric),
                         prob_view=override({'type': 'softmax'}, prob_view))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, C, h, w) logits -> (B, H, W) uint8 class ids; 255 if a logit is NaN."""
        largest, ids = self.resize(out, size).max(1)
        return torch.where(largest.isnan(), IGNORE, ids).byte()

    def class_of(self, value: Tensor) -> Tensor:
        """The map itself."""
        return value

    def error(self, prediction: Tensor, target: Tensor) -> ErrorMap:
        """1 where the class is wrong, 0 where it is right."""
        wrong = (prediction != target).float().masked_fill(~self.kind.valid(target[None])[0], torch.nan)
        return ErrorMap(wrong.cpu(), 'of pixels wrong', '', 1.0, wrong=True)

    def draw(self, value: Tensor) -> Tensor:
        """(B, H, W) class ids -> (B, 3, H, W) uint8, a fixed colour per class."""
        return draw_classes(value)
