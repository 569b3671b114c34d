"""F3: networks, and the model that trains them."""

from .model import MultiTaskModel
from .net import MultiTaskNet, Taps, TapSpec, Trunk, build_net
from .preprocess import Preprocessor

__all__ = ['MultiTaskModel', 'MultiTaskNet', 'Preprocessor', 'TapSpec', 'Taps', 'Trunk', 'build_net']
