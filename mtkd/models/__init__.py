"""F3: networks, and the model that trains them."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:
    from .model import MultiTaskModel
    from .net import MultiTaskNet, Taps, TapSpec, Trunk, build_net
    from .preprocess import Preprocessor
else:
    __getattr__, __dir__ = lazily(__name__, {
        'model': 'MultiTaskModel',
        'net': 'MultiTaskNet Taps TapSpec Trunk build_net',
        'preprocess': 'Preprocessor'})

__all__ = ['MultiTaskModel', 'MultiTaskNet', 'Preprocessor', 'TapSpec', 'Taps', 'Trunk', 'build_net']
