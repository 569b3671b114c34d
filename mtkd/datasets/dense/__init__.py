"""Data sets with dense labels: classes, depth or normals per pixel."""

from .camvid import CamVid
from .cityscapes import CityscapesMTAN
from .dense_folder import DenseFolder
from .mtan_layout import MTANLayout
from .nyud import NYUDMT
from .nyuv2 import NYUv2MTAN
from .pascal_context import PASCALContextMT

__all__ = ['NYUDMT', 'CamVid', 'CityscapesMTAN', 'DenseFolder', 'MTANLayout', 'NYUv2MTAN', 'PASCALContextMT']
