"""F5: training and testing with MMEngine's Runner."""

from .. import frame  # noqa: F401 (connects the registries to MMEngine)
from .checkpoint import CheckpointHook
from .config import load_config, prepare
from .evaluator import TaskMetrics
from .facts import Facts
from .hooks import CompileHook, IntervalInfoHook, PictureHook
from .job import Job
from .loops import TrainLoop
from .optim import AutocastOptimWrapper, PartsConstructor
from .prerequisite import MissingPrerequisite, Prerequisite
from .run import test, train
from .schedulers import TriangularLR
from .visualizer import DeferredVisualizer

__all__ = ['AutocastOptimWrapper', 'CheckpointHook', 'CompileHook', 'DeferredVisualizer', 'Facts', 'IntervalInfoHook', 'Job',
           'MissingPrerequisite', 'PartsConstructor', 'PictureHook', 'Prerequisite', 'TaskMetrics', 'TrainLoop',
           'TriangularLR', 'load_config', 'prepare', 'test', 'train']
