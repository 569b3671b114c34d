"""Backbones: picture -> multi-scale features."""

from .foreign import ForeignBackbone
from .frame_trunk import FrameTrunk
from .mtan import MTAN
from .multi_lenet import MultiLeNet
from .segnet import SegNet
from .soft_shared import SoftSharedTrunk
from .timm_backbone import TimmBackbone

__all__ = ['MTAN', 'ForeignBackbone', 'FrameTrunk', 'MultiLeNet', 'SegNet', 'SoftSharedTrunk', 'TimmBackbone']
