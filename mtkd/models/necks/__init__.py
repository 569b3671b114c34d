"""Necks: multi-scale features -> the feature all tasks share."""

from .concat import ConcatNeck

__all__ = ['ConcatNeck']
