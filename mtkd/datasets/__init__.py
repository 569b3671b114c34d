"""F2: data sets, one adapter per file, with samplers and transforms."""

from . import faces, transforms
from .base import BadData, Entry, TaskDataset
from .collate import collate
from .dense import NYUDMT, CamVid, CityscapesMTAN, DenseFolder, MTANLayout, NYUv2MTAN, PASCALContextMT
from .images import (
    CUB200,
    SVHN,
    ArrayDataset,
    AttributeDataset,
    Decathlon,
    FolderImages,
    IDXImages,
    ImageNetSketch,
    Omniglot,
    TinyImageNet,
    TorchvisionImages,
)
from .multi import HomogeneousBatchSampler, MixSampler, MultiDataset
from .own import HuggingFaceDataset, Manifest, ShardSampler, TarShards
from .samplers import EvalSampler, InfiniteBatchSampler, LabelledSampler, PositionSampler, ShuffleSampler
from .synthetic import SyntheticClips, SyntheticImages, SyntheticScenes
from .video import HMDB51, UCF101, UTDMHAD, ActivityNet, ClipDataset

__all__ = ['CUB200', 'HMDB51', 'NYUDMT', 'SVHN', 'UCF101', 'UTDMHAD', 'ActivityNet', 'ArrayDataset', 'AttributeDataset',
           'BadData', 'CamVid', 'CityscapesMTAN', 'ClipDataset', 'Decathlon', 'DenseFolder', 'Entry', 'EvalSampler',
           'FolderImages',
           'HomogeneousBatchSampler', 'HuggingFaceDataset', 'IDXImages', 'ImageNetSketch', 'InfiniteBatchSampler',
           'LabelledSampler', 'MTANLayout',
           'Manifest',
           'MixSampler', 'MultiDataset', 'NYUv2MTAN', 'Omniglot', 'PASCALContextMT', 'PositionSampler',
           'ShardSampler', 'ShuffleSampler',
           'SyntheticClips', 'SyntheticImages', 'SyntheticScenes', 'TarShards', 'TaskDataset', 'TinyImageNet',
           'TorchvisionImages',
           'collate', 'faces', 'transforms']
