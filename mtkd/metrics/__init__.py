"""F1: metrics, computed from one record per sample."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .age import AgeError, AgeGroupAccuracy
    from .base import MetricInfo, TaskMetric
    from .boundary import BoundaryF
    from .classification import Accuracy
    from .depth import DepthError
    from .normals import NormalError
    from .saliency import SaliencyF
    from .segmentation import MeanIoU
else:
    __getattr__, __dir__ = lazily(__name__, {
        'age': 'AgeError AgeGroupAccuracy',
        'base': 'MetricInfo TaskMetric',
        'boundary': 'BoundaryF',
        'classification': 'Accuracy',
        'depth': 'DepthError',
        'normals': 'NormalError',
        'saliency': 'SaliencyF',
        'segmentation': 'MeanIoU'})

__all__ = ['Accuracy', 'AgeError', 'AgeGroupAccuracy', 'BoundaryF', 'DepthError', 'MeanIoU', 'MetricInfo',
           'NormalError', 'SaliencyF', 'TaskMetric']
