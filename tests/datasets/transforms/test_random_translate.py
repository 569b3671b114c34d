import numpy as np
import pytest

from mtkd.datasets.transforms import RandomTranslate
from mtkd.structures import KINDS, Sample


def test_the_picture_moves_and_its_border_is_repeated():
    image = np.random.default_rng(0).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    seen = set()
    for seed in range(60):
        out = RandomTranslate(2)(Sample(image=image, targets={'age': 3.0}, meta={}), {'age': KINDS['scalar']},
                                 np.random.default_rng(seed))
        assert out['image'].shape == image.shape
        fits = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if np.array_equal(
            out['image'], image[np.clip(np.arange(7) + dy, 0, 6)][:, np.clip(np.arange(9) + dx, 0, 8)])]
        assert len(fits) == 1
        seen.add(fits[0])
    assert {dy for dy, _ in seen} == {dx for _, dx in seen} == {-2, -1, 0, 1, 2}


def test_nothing_to_shift_by():
    image = np.zeros((4, 4, 3), np.uint8)
    sample = Sample(image=image, targets={}, meta={})
    assert np.array_equal(RandomTranslate(0)(sample, {}, np.random.default_rng(0))['image'], image)
    with pytest.raises(ValueError, match='0 or more pixels'):
        RandomTranslate(-1)


def test_maps_are_refused():
    sample = Sample(image=np.zeros((4, 4, 3), np.uint8), targets={'semseg': np.zeros((4, 4), np.uint8)}, meta={})
    with pytest.raises(ValueError, match="map of 'semseg': use Pad and RandomCrop"):
        RandomTranslate()(sample, {'semseg': KINDS['class_map']}, np.random.default_rng(0))
