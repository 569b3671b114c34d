"""Human part segmentation."""

from ..registry import TASKS
from .semseg import SemanticSegmentation
from .task import Part


@TASKS.register_module()
class HumanParts(SemanticSegmentation):
    """Background and body parts; all pixels of an image without people are invalid (fact sheet 2.2).

    Args:
        num_classes: number of classes, including background.
        name: see :class:`Task`.
        loss: see :class:`Task`.
        metric: see :class:`Task`.
        prob_view: see :class:`Task`.
        weight: see :class:`Task`.
    """

    def __init__(self, num_classes: int = 7, name: str = 'human_parts', loss: Part = None, metric: Part = None,
                 prob_view: Part = None, weight: float = 2.0) -> None:
        super().__init__(num_classes, name=name, loss=loss, metric=metric, prob_view=prob_view, weight=weight)
