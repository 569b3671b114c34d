import numpy as np
import pytest

from mtkd.datasets.transforms import RandomScaling
from mtkd.datasets.transforms.geometry import size_of

from ..toy import TOY_KINDS, toy_sample


def test_depth_is_divided_by_the_zoom():
    sample = toy_sample(40, 60)
    sample['targets']['depth'][:] = 3
    transform, zooms = RandomScaling(0.5, 2), []
    for seed in range(100):
        scaled = transform(sample, TOY_KINDS, np.random.default_rng(seed))
        zoom = 3 / scaled['targets']['depth'][0, 0]
        zooms.append(zoom)
    assert 0.5 <= min(zooms) < 0.6 and 1.9 < max(zooms) <= 2
    assert 1.1 < np.mean(zooms) < 1.4


@pytest.mark.parametrize('zoom, size', [(0.5, (212, 280)), (0.79, (335, 442)), (1.2, (510, 672)), (1.99, (845, 1114))])
def test_sides_are_rounded_down(zoom, size):
    """The sizes that ATRC's RandomScaling (brdav/atrc, 76d8055) produces for 425x560."""
    assert size_of(RandomScaling(choices=[zoom])(toy_sample(425, 560), TOY_KINDS, np.random.default_rng(0))) == size


def test_choices():
    transform = RandomScaling(choices=[1, 1.5])
    heights = {size_of(transform(toy_sample(40, 60), TOY_KINDS, np.random.default_rng(s)))[0] for s in range(20)}
    assert heights == {40, 60}


@pytest.mark.parametrize('arguments', [{'low': 0}, {'low': 2, 'high': 1}, {'choices': [1, -1]}])
def test_refuses(arguments):
    with pytest.raises(ValueError, match='zooms must be positive'):
        RandomScaling(**arguments)
