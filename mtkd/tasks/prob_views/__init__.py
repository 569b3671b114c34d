"""Probability views: a head's output as the distribution that distillation compares, one per file."""

from .base import ProbView
from .naive import Naive
from .none import Skip
from .positive import Positive
from .sigmoid_pair import SigmoidPair
from .soft_bins import SoftBins
from .softmax import Softmax
from .spatial_softmax import SpatialSoftmax
from .sphere_bins import SphereBins

__all__ = ['Naive', 'Positive', 'ProbView', 'SigmoidPair', 'Skip', 'SoftBins', 'Softmax', 'SpatialSoftmax',
           'SphereBins']
