"""F1: one record per sample, then numbers."""

from .age import AgeError, AgeGroupAccuracy
from .base import MetricInfo, TaskMetric
from .boundary import BoundaryF
from .classification import Accuracy
from .depth import DepthError
from .normals import NormalError
from .saliency import SaliencyF
from .segmentation import MeanIoU

__all__ = ['Accuracy', 'AgeError', 'AgeGroupAccuracy', 'BoundaryF', 'DepthError', 'MeanIoU', 'MetricInfo',
           'NormalError', 'SaliencyF', 'TaskMetric']
