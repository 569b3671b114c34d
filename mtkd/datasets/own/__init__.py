"""Custom data sets without Python code: rows of a table with an image, labels and label maps."""

from .hugging_face import HuggingFaceDataset
from .manifest import Manifest
from .shard_sampler import ShardSampler
from .tar_shards import TarShards

__all__ = ['HuggingFaceDataset', 'Manifest', 'ShardSampler', 'TarShards']
