"""Heads: the shared feature -> one task's feature and output."""

from .conv_pair import ConvPairHead
from .fcn import FCNHead
from .linear import LinearHead
from .mlp import MLPHead
from .pass_through import PassThroughHead

__all__ = ['ConvPairHead', 'FCNHead', 'LinearHead', 'MLPHead', 'PassThroughHead']
