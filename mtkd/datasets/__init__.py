"""F2: data sets, one adapter a file, and what feeds them to a training."""

from . import faces, transforms
from .activitynet import ActivityNet
from .array import ArrayDataset
from .attributes import AttributeDataset
from .base import BadData, Entry, TaskDataset
from .camvid import CamVid
from .cityscapes import CityscapesMTAN
from .clips import ClipDataset
from .collate import collate
from .cub import CUB200
from .decathlon import Decathlon
from .folder_images import FolderImages
from .hmdb51 import HMDB51
from .idx import IDXImages
from .imagenet_sketch import ImageNetSketch
from .manifest import Manifest
from .mtan_layout import MTANLayout
from .multi import HomogeneousBatchSampler, MixSampler, MultiDataset
from .nyud import NYUDMT
from .nyuv2 import NYUv2MTAN
from .omniglot import Omniglot
from .pascal_context import PASCALContextMT
from .pseudo import with_pseudo_labels
from .samplers import EvalSampler, InfiniteBatchSampler, PositionSampler, ShuffleSampler
from .svhn import SVHN
from .synthetic import SyntheticScenes
from .synthetic_clips import SyntheticClips
from .synthetic_images import SyntheticImages
from .tiny_imagenet import TinyImageNet
from .torchvision_sets import TorchvisionImages
from .ucf101 import UCF101
from .utd_mhad import UTDMHAD

__all__ = ['CUB200', 'HMDB51', 'NYUDMT', 'SVHN', 'UCF101', 'UTDMHAD', 'ActivityNet', 'ArrayDataset', 'AttributeDataset',
           'BadData', 'CamVid', 'CityscapesMTAN', 'ClipDataset', 'Decathlon', 'Entry', 'EvalSampler', 'FolderImages',
           'HomogeneousBatchSampler', 'IDXImages', 'ImageNetSketch', 'InfiniteBatchSampler', 'MTANLayout', 'Manifest',
           'MixSampler', 'MultiDataset', 'NYUv2MTAN', 'Omniglot', 'PASCALContextMT', 'PositionSampler', 'ShuffleSampler',
           'SyntheticClips', 'SyntheticImages', 'SyntheticScenes', 'TaskDataset', 'TinyImageNet', 'TorchvisionImages',
           'collate', 'faces', 'transforms', 'with_pseudo_labels']
