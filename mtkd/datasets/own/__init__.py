"""Data sets of anybody's own, without Python: rows of a table, with a picture, labels and label maps each."""

from .hugging_face import HuggingFaceDataset
from .manifest import Manifest
from .shard_sampler import ShardSampler
from .tar_shards import TarShards

__all__ = ['HuggingFaceDataset', 'Manifest', 'ShardSampler', 'TarShards']
