"""Parts for mtkd: a distillation loss, a balance, a data set. Importing the package registers them.

A config imports it with ``custom_imports``.
"""

from .discs import Discs
from .geometric_mean import GeometricMean
from .hellinger import Hellinger

__all__ = ['Discs', 'GeometricMean', 'Hellinger']
