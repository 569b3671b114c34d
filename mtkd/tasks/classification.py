"""Image classification."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..registry import TASKS
from ..structures import KINDS, PerSample, Size
from .draw import draw_text, palette
from .task import Part, Task, override

SHOWN = 5  # classes shown of a prediction


@TASKS.register_module()
class Classification(Task):
    """A class per image: cross-entropy, accuracy, softmax.

    Several data sets can share one label space (a merged head): each is a task whose output has all ``total`` classes, and
    its own classes start at ``offset``; a prediction of another set's class is wrong (fact sheet 1.3.2).

    Args:
        num_classes: classes 0 … num_classes - 1.
        offset: index of its first class in a merged label space.
        total: number of classes of the merged label space; None: ``num_classes``.
        name: see :class:`Task`.
        loss: see :class:`Task`.
        metric: see :class:`Task`; it is given ``num_classes``.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.

    Raises:
        ValueError: there are fewer than two classes, or they do not fit into the merged label space.
    """

    kind = KINDS['class_label']

    def __init__(self, num_classes: int, name: str = 'label', loss: Part = None, metric: Part = None,
                 prob_view: Part = None, weight: float = 1.0, offset: int = 0, total: int | None = None) -> None:
        outputs = num_classes if total is None else total
        if num_classes < 2:
            raise ValueError(f"Task '{name}': num_classes is {num_classes}; give 2 or more.")
        if not 0 <= offset <= outputs - num_classes:
            raise ValueError(f"Task '{name}': its {num_classes} classes from {offset} on do not fit into {outputs}; correct "
                             f'offset or total.')
        self.num_classes, self.offset = num_classes, offset
        super().__init__(name, out_channels=outputs, weight=weight,
                         loss=override({'type': 'CrossEntropy'}, loss),
                         metric=override({'type': 'Accuracy', 'num_classes': outputs, 'offset': offset}, metric),
                         prob_view=override({'type': 'softmax'}, prob_view))

    def losses(self, out: Tensor, target: Tensor) -> dict[str, PerSample]:
        """See :class:`Task`; labels count within the task's own classes."""
        return super().losses(out, target + self.offset * self.kind.valid(target))

    def predict(self, out: Tensor, size: Size | None = None) -> Tensor:
        """(B, C) logits -> (B, C) float32 class probabilities; ``size`` is ignored."""
        return out.float().softmax(1)

    def words(self, value: Tensor, class_names: Sequence[str] = ()) -> list[tuple[str, float | None]]:
        """The label's class, or the likeliest classes with their probabilities."""
        def name(index: int) -> str:
            own = index - self.offset
            return class_names[own] if 0 <= own < len(class_names) else f'class {index}'

        value = value.detach().cpu()
        if value.ndim == 0:
            return [(name(int(value) + self.offset), None)] if value >= 0 else []
        if value.isnan().any():
            return []
        shares, order = value.sort(descending=True)
        return [(name(int(index)), float(share)) for index, share in zip(order[:SHOWN], shares, strict=False)]

    def draw(self, value: Tensor) -> Tensor:
        """(B, C) probabilities or (B,) labels -> (B, 3, 64, 64) uint8 swatches with the class id written on them; black
        and empty without a class."""
        value = value.detach().cpu()
        ids = torch.where(value.isnan().any(1), -1, value.argmax(1)) if value.ndim == 2 else value
        colours = palette()[ids.clamp_min(0) % 255]
        colours[ids < 0] = 0
        return draw_text([str(i) if i >= 0 else '' for i in ids.tolist()], colours)
