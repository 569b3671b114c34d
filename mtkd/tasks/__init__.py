"""F2: one object per task: loss, metric, activation, probability view for distillation, visualisation."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .age import Age
    from .auxiliary import aux_losses
    from .build import build_tasks
    from .classification import Classification
    from .depth import Depth
    from .edge import Edge
    from .human_parts import HumanParts
    from .normals import Normals
    from .prob_views import ProbView
    from .saliency import Saliency
    from .semseg import SemanticSegmentation
    from .task import Task
else:
    __getattr__, __dir__ = lazily(__name__, {
        'age': 'Age',
        'auxiliary': 'aux_losses',
        'build': 'build_tasks',
        'classification': 'Classification',
        'depth': 'Depth',
        'edge': 'Edge',
        'human_parts': 'HumanParts',
        'normals': 'Normals',
        'prob_views': 'ProbView',
        'saliency': 'Saliency',
        'semseg': 'SemanticSegmentation',
        'task': 'Task'})

__all__ = ['Age', 'Classification', 'Depth', 'Edge', 'HumanParts', 'Normals', 'ProbView', 'Saliency',
           'SemanticSegmentation', 'Task', 'aux_losses', 'build_tasks']
