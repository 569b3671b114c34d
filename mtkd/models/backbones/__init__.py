"""Backbones: image -> multi-scale features."""

from .cgc import CGCTrunk
from .dselect_k import DSelectKTrunk
from .foreign import ForeignBackbone
from .frame_trunk import FrameTrunk
from .ltb import LTBTrunk
from .mmoe import MMoETrunk
from .mtan import MTAN
from .multi_lenet import MultiLeNet
from .ple import PLETrunk
from .sak import SAKTrunk
from .segnet import SegNet
from .soft_shared import SoftSharedTrunk
from .task_prompter import TaskPrompterTrunk
from .timm_backbone import TimmBackbone

__all__ = ['MTAN', 'CGCTrunk', 'DSelectKTrunk', 'ForeignBackbone', 'FrameTrunk', 'LTBTrunk', 'MMoETrunk', 'MultiLeNet',
           'PLETrunk', 'SAKTrunk', 'SegNet', 'SoftSharedTrunk', 'TaskPrompterTrunk', 'TimmBackbone']
