"""Augmentation: callables ``(sample, kinds, rng) -> sample`` on NumPy samples, one per file.

A transform leaves the arrays it is given as they are, draws only from ``rng``, and may name in ``needs`` the tasks whose
labels it looks at, which are then read even when they are not served. Normalisation is not among them: images stay
uint8 up to the device.
"""

from .centre_crop import CentreCrop
from .domain_shift import DomainShift
from .ignore_empty_parts import IgnoreEmptyParts
from .pad import Pad
from .photometric import PhotoMetricDistortion
from .random_crop import RandomCrop
from .random_hflip import RandomHFlip
from .random_scale_crop import RandomScaleCrop
from .random_scaling import RandomScaling
from .random_translate import RandomTranslate
from .resize import Resize

__all__ = ['CentreCrop', 'DomainShift', 'IgnoreEmptyParts', 'Pad', 'PhotoMetricDistortion', 'RandomCrop', 'RandomHFlip',
           'RandomScaleCrop', 'RandomScaling', 'RandomTranslate', 'Resize']
