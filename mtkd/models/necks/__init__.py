"""Necks: multi-scale features -> one shared feature, or one feature per task."""

from .atrc import ATRCNeck
from .atrc_search import ATRCSearchNeck
from .concat import ConcatNeck
from .cross_stitch import CrossStitchNeck
from .demt import DeMTNeck
from .inv_pt import InvPTNeck
from .mqt import MQTNeck
from .mt_former import MTFormerNeck
from .mt_mamba import MTMambaNeck
from .mti_net import MTINetNeck
from .nddr import NDDRNeck
from .one_scale import OneScaleNeck
from .pad_net import PADNetNeck
from .pap_net import PAPNeck
from .pool import PoolNeck
from .psd import PSDNeck
from .task_neck import TaskNeck

__all__ = ['ATRCNeck', 'ATRCSearchNeck', 'ConcatNeck', 'CrossStitchNeck', 'DeMTNeck', 'InvPTNeck', 'MQTNeck', 'MTFormerNeck',
           'MTINetNeck', 'MTMambaNeck', 'NDDRNeck', 'OneScaleNeck', 'PADNetNeck', 'PAPNeck', 'PSDNeck', 'PoolNeck',
           'TaskNeck']
