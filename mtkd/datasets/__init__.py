"""F2: data sets, one adapter a file, and what feeds them to a training."""

from . import transforms
from .base import BadData, Entry, TaskDataset
from .camvid import CamVid
from .collate import collate
from .multi import HomogeneousBatchSampler, MixSampler, MultiDataset
from .nyud import NYUDMT
from .pascal_context import PASCALContextMT
from .samplers import EvalSampler, InfiniteBatchSampler, PositionSampler, ShuffleSampler
from .synthetic import SyntheticScenes

__all__ = ['NYUDMT', 'BadData', 'CamVid', 'Entry', 'EvalSampler', 'HomogeneousBatchSampler', 'InfiniteBatchSampler',
           'MixSampler', 'MultiDataset', 'PASCALContextMT', 'PositionSampler', 'ShuffleSampler', 'SyntheticScenes',
           'TaskDataset', 'collate', 'transforms']
