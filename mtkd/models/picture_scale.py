"""The statistics for the normalisation of images."""

import math
from collections.abc import Sequence

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


def check_statistics(mean: Sequence[float], std: Sequence[float], where: str) -> None:
    """Check that a mean and standard deviation are valid for images in 0..255.

    Args:
        mean: per channel, RGB, on the 0..255 scale.
        std: the same.
        where: name of their owner for the error message.

    Raises:
        ValueError: they are not one or three numbers each, not finite, a deviation is not positive, or they are on the 0..1
            scale. (A mean of 0 with a deviation of 1 leaves images unchanged and is allowed.)
    """
    mean, std = tuple(mean), tuple(std)
    for name, values in (('mean', mean), ('std', std)):
        if len(values) not in (1, 3) or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
            raise ValueError(f'{where}: {name}={values}: give a number for each of the three channels, RGB, on the 0..255 '
                             f'scale.')
    if min(std) <= 0:
        raise ValueError(f'{where}: std={std}: a standard deviation must be positive.')
    if max(std) < 1 or (max(std) <= 1 and 0 < max(mean) <= 1):
        raise ValueError(f'{where}: mean={mean} and std={std} seem to be on the 0..1 scale, but images are in 0..255: '
                         f'multiply both by 255.')
