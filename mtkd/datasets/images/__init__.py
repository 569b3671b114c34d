"""Data sets with image-level labels."""

from .array import ArrayDataset
from .attributes import AttributeDataset
from .cub import CUB200
from .decathlon import Decathlon
from .folder_images import FolderImages
from .idx import IDXImages
from .imagenet_sketch import ImageNetSketch
from .omniglot import Omniglot
from .svhn import SVHN
from .tiny_imagenet import TinyImageNet
from .torchvision_sets import TorchvisionImages

__all__ = ['CUB200', 'SVHN', 'ArrayDataset', 'AttributeDataset', 'Decathlon', 'FolderImages',
           'IDXImages', 'ImageNetSketch', 'Omniglot', 'TinyImageNet', 'TorchvisionImages']
