"""Augmentation: callables ``(sample, kinds, rng) -> sample`` on NumPy samples, one per file.

A transform does not modify its input arrays, uses only ``rng`` for random numbers, and may list in ``needs`` the tasks whose
labels it uses, which are then read even if they are not served. There is no normalisation here: images stay uint8 until
they are on the device.
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
