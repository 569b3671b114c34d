import numpy as np
import pytest

from mtkd.datasets.transforms import Resize
from mtkd.datasets.transforms.geometry import size_of

from ..toy import TOY_KINDS, toy_sample

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(('arguments', 'size'), [
    ({'size': (12, 13)}, (12, 13)), ({'long_side': 60}, (40, 60)), ({'long_side': 15}, (10, 15))])
def test_size(arguments, size):
    assert size_of(Resize(**arguments)(toy_sample(20, 30), TOY_KINDS, RNG)) == size


def test_depth_stays_unless_asked():
    sample = toy_sample(20, 30)
    sample['targets']['depth'][:] = 3
    assert (Resize((40, 60))(sample, TOY_KINDS, RNG)['targets']['depth'] == 3).all()
    assert (Resize((40, 60), scale_depth=True)(sample, TOY_KINDS, RNG)['targets']['depth'] == 1.5).all()


def test_nothing_to_do():
    sample = toy_sample(20, 30)
    assert Resize(long_side=30)(sample, TOY_KINDS, RNG) is sample


@pytest.mark.parametrize('arguments', [{}, {'size': (2, 2), 'long_side': 4}])
def test_needs_one_of_both(arguments):
    with pytest.raises(ValueError, match='either a size'):
        Resize(**arguments)
