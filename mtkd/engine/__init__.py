"""F5: everything that touches MMEngine's Runner."""

from .checkpoint import CheckpointHook
from .config import load_config, prepare
from .evaluator import TaskMetrics
from .hooks import CompileHook, IntervalInfoHook, PictureHook
from .loops import TrainLoop
from .optim import AutocastOptimWrapper, PartsConstructor
from .run import Job, TestFacts, test, train
from .schedulers import TriangularLR
from .stages import MissingTeacher, prerequisites, resolve_teachers

__all__ = ['AutocastOptimWrapper', 'CheckpointHook', 'CompileHook', 'IntervalInfoHook', 'Job', 'MissingTeacher',
           'PartsConstructor', 'PictureHook', 'TaskMetrics', 'TestFacts', 'TrainLoop', 'TriangularLR', 'load_config',
           'prepare', 'prerequisites', 'resolve_teachers', 'test', 'train']
