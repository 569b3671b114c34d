import numpy as np
import pytest

from mtkd.datasets.transforms import Pad
from mtkd.datasets.transforms.geometry import size_of

from ..toy import TOY_KINDS, toy_sample

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(('arguments', 'size'), [
    ({'size': (30, 40)}, (30, 40)), ({'size': (10, 40)}, (20, 40)), ({'divisor': 16}, (32, 32)),
    ({'size': (33, 30), 'divisor': 4}, (36, 32))])
def test_size(arguments, size):
    assert size_of(Pad(**arguments)(toy_sample(20, 30), TOY_KINDS, RNG)) == size


def test_nothing_to_do():
    sample = toy_sample(20, 30)
    assert Pad((20, 30))(sample, TOY_KINDS, RNG) is sample and sample['meta']['crop'] is None


def test_needs_an_argument():
    with pytest.raises(ValueError, match='a size'):
        Pad()
