"""Heads: shared or task-specific feature -> feature and output of one task."""

from .bottleneck import BottleneckHead
from .conv_pair import ConvPairHead
from .fcn import FCNHead
from .frame_mean import FrameMeanHead
from .linear import LinearHead
from .logits import LogitsHead
from .mlp import MLPHead
from .pass_through import PassThroughHead
from .pointwise import PointwiseHead
from .reused import ReusedHead
from .temporal_pool import TemporalPoolHead

__all__ = ['BottleneckHead', 'ConvPairHead', 'FCNHead', 'FrameMeanHead', 'LinearHead', 'LogitsHead', 'MLPHead',
           'PassThroughHead', 'PointwiseHead', 'ReusedHead', 'TemporalPoolHead']
