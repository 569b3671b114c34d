import numpy as np

from mtkd.datasets.transforms import CentreCrop
from mtkd.datasets.transforms.geometry import size_of

from ..toy import TOY_KINDS, toy_sample

RNG = np.random.default_rng(0)


def test_is_the_middle():
    sample = toy_sample(20, 30)
    crop = CentreCrop((10, 10))(sample, TOY_KINDS, RNG)
    assert np.array_equal(crop['image'], sample['image'][5:15, 10:20])
    assert np.array_equal(crop['targets']['semseg'], sample['targets']['semseg'][5:15, 10:20])


def test_smaller_side_stays():
    assert size_of(CentreCrop((40, 10))(toy_sample(20, 30), TOY_KINDS, RNG)) == (20, 10)
