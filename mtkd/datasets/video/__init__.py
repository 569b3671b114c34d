"""Data sets of video clips."""

from .activitynet import ActivityNet
from .clips import ClipDataset
from .hmdb51 import HMDB51
from .ucf101 import UCF101
from .utd_mhad import UTDMHAD

__all__ = ['HMDB51', 'UCF101', 'UTDMHAD', 'ActivityNet', 'ClipDataset']
