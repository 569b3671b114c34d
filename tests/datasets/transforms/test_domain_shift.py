import numpy as np
import pytest

from mtkd.datasets.transforms import DomainShift
from mtkd.structures import Sample


def shifted(image, **strengths):
    kept = image.copy()
    sample = DomainShift(**strengths)(Sample(image=image, targets={'x': 1}, meta={}), {}, None)
    assert np.array_equal(image, kept) and sample['targets'] == {'x': 1}
    assert sample['image'].shape == image.shape and sample['image'].dtype == np.uint8
    return sample['image']


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (24, 30, 3)).astype(np.uint8)


def detail(image):
    return np.abs(np.diff(image.astype(float), axis=1)).mean()


def test_grey_takes_the_colour(image):
    grey = shifted(image, grey=1)
    assert (grey == grey[..., :1]).all()
    luma = image @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[..., 0] - luma).max() <= 1
    half = shifted(image, grey=0.5)
    assert np.abs(half - (grey.astype(float) + image) / 2).max() <= 1


def test_blur_and_low_resolution_take_detail(image):
    assert detail(shifted(image, blur=0.6)) > detail(shifted(image, blur=2)) > 0
    assert detail(image) > detail(shifted(image, lowres=2)) > detail(shifted(image, lowres=5))
    flat = np.full((9, 11, 3), 77, np.uint8)
    assert np.array_equal(shifted(flat, blur=1, lowres=100, grey=0.3), flat)


def test_combined_and_deterministic(image):
    first, second = (shifted(image, grey=1, blur=1, lowres=2) for _ in range(2))
    assert np.array_equal(first, second)
    steps = shifted(shifted(shifted(image, blur=1), lowres=2), grey=1)
    assert np.array_equal(first, steps)


@pytest.mark.parametrize('strengths', [{'grey': 1.5}, {'blur': -1}, {'lowres': 0.5}])
def test_strengths_out_of_range(strengths):
    with pytest.raises(ValueError, match='grey is in'):
        DomainShift(**strengths)


def test_no_shift_is_a_mistake():
    with pytest.raises(ValueError, match='changes nothing'):
        DomainShift()
