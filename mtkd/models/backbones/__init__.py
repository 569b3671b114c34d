"""Backbones: picture -> multi-scale features."""

from .foreign import ForeignBackbone
from .mtan import MTAN
from .multi_lenet import MultiLeNet
from .segnet import SegNet
from .timm_backbone import TimmBackbone

__all__ = ['MTAN', 'ForeignBackbone', 'MultiLeNet', 'SegNet', 'TimmBackbone']
