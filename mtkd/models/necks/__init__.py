"""Necks: multi-scale features -> the feature all tasks share."""

from .concat import ConcatNeck
from .one_scale import OneScaleNeck
from .pool import PoolNeck

__all__ = ['ConcatNeck', 'OneScaleNeck', 'PoolNeck']
