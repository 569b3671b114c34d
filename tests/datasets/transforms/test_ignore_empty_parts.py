import numpy as np

from mtkd.datasets.transforms import IgnoreEmptyParts
from mtkd.structures import KINDS

KIND = {'human_parts': KINDS['class_map']}


def marked(parts):
    sample = {'image': np.zeros((2, 2, 3), np.uint8), 'targets': {'human_parts': parts}, 'meta': {}}
    return IgnoreEmptyParts()(sample, KIND, np.random.default_rng(0))['targets']['human_parts']


def test_background_alone_is_invalid():
    for values in ([[0, 0], [0, 0]], [[0, 255], [0, 0]], [[255, 255], [255, 255]]):
        parts = np.array(values, np.uint8)
        assert (marked(parts) == 255).all()
        assert parts.tolist() == values


def test_a_single_part_keeps_all():
    parts = np.array([[0, 6], [0, 255]], np.uint8)
    assert np.array_equal(marked(parts), parts)


def test_absent_stays_absent():
    assert marked(None) is None
