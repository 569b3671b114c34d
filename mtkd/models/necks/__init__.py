"""Necks: multi-scale features -> the feature all tasks share, or one for each task."""

from .atrc import ATRCNeck
from .concat import ConcatNeck
from .cross_stitch import CrossStitchNeck
from .demt import DeMTNeck
from .mqt import MQTNeck
from .mti_net import MTINetNeck
from .nddr import NDDRNeck
from .one_scale import OneScaleNeck
from .pad_net import PADNetNeck
from .pap_net import PAPNeck
from .pool import PoolNeck
from .psd import PSDNeck
from .task_neck import TaskNeck

__all__ = ['ATRCNeck', 'ConcatNeck', 'CrossStitchNeck', 'DeMTNeck', 'MQTNeck', 'MTINetNeck', 'NDDRNeck',
           'OneScaleNeck', 'PADNetNeck', 'PAPNeck', 'PSDNeck', 'PoolNeck', 'TaskNeck']
