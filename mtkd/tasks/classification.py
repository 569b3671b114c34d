"""Classification of whole pictures."""

from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, Size
from .draw import draw_text, palette
from .task import Part, Task, override


@TASKS.register_module()
class Classification(Task):
    """A class per picture: cross-entropy, accuracy, softmax.

    Args:
        num_classes: classes 0 … num_classes - 1.
        name: see :class:`Task`.
        loss: see :class:`Task`.
        metric: see :class:`Task`; it is given ``num_classes``.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.

    Raises:
        ValueError: there are fewer than two classes.
    """

    kind = KINDS['class_label']

    def __init__(self, num_classes: int, name: str = 'label', loss: Part = None, metric: Part = None,
                 prob_view: Part = None, weight: float = 1.0) -> None:
        if num_classes < 2:
            raise ValueError(f"Task '{name}': num_classes is {num_classes}; give 2 or more.")
        self.num_classes = num_classes
        super().__init__(name, out_channels=num_classes, weight=weight,
                         loss=override({'type': 'CrossEntropy'}, loss),
                         metric=override({'type': 'Accuracy', 'num_classes': num_classes}, metric),
                         prob_view=override({'type': 'softmax'}, prob_view))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, C) logits -> (B, C) float32 class probabilities; ``size`` has no meaning here."""
        return out.float().softmax(1)

    def draw(self, value: Tensor) -> Tensor:
        """(B, C) probabilities or (B,) labels -> (B, 3, 64, 64) uint8 swatches with the class id written on them."""
        ids = (value.argmax(1) if value.ndim == 2 else value).detach().cpu()
        colours = palette()[ids.clamp_min(0) % 255]
        colours[ids < 0] = 0
        return draw_text([str(i) if i >= 0 else '' for i in ids.tolist()], colours)
