"""Labels and splits."""

from itertools import pairwise

import pytest

from mtkd.datasets.synthetic import CLASSES, LIMBS, PARTS, SPLIT_START
from mtkd.datasets.synthetic.labels import CLASS_ID, LIMB_ID, PART_OF_LIMB, first_scene


def test_ids_are_places_in_the_lists():
    assert [CLASSES[i] for i in CLASS_ID.values()] == list(CLASS_ID)
    for limb, part in LIMBS:
        assert PART_OF_LIMB[LIMB_ID[limb]] == part
    assert PART_OF_LIMB[0] == 0 and set(PART_OF_LIMB) == set(range(len(PARTS)))


def test_splits_begin_far_apart():
    starts = sorted(first_scene(split) for split in SPLIT_START)
    assert min(b - a for a, b in pairwise(starts)) == 1_000_000  # the maximum of a data set
    with pytest.raises(ValueError, match="no split 'trainval' of synthetic scenes; there are train, val, test"):
        first_scene('trainval')
