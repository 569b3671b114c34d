"""An example plugin for mtkd: a distillation loss, a balance and a data set, registered when the package is imported.

A config imports it with ``custom_imports``.
"""

from .discs import Discs
from .geometric_mean import GeometricMean
from .hellinger import Hellinger

__all__ = ['Discs', 'GeometricMean', 'Hellinger']
