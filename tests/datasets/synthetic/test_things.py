"""Furniture and persons."""

import numpy as np
import pytest

from mtkd.datasets.synthetic import CLASSES, LIMBS, PARTS
from mtkd.datasets.synthetic.materials import Draws
from mtkd.datasets.synthetic.things import FURNITURE, person

from .rendered import PERSON, scenes


def test_parts_lie_on_persons_only():
    with_person = 0
    for scene in scenes():
        if (scene.semseg == PERSON).any():
            with_person += 1
            assert np.array_equal(scene.parts > 0, scene.semseg == PERSON)
            assert scene.parts.max() < len(PARTS)
        else:
            assert (scene.parts == 255).all()
    assert 0.3 < with_person / len(scenes()) < 0.7


def test_every_part_occurs():
    seen = {part for scene in scenes() for part in np.unique(scene.parts)}
    assert seen == {*range(len(PARTS)), 255}


def test_heads_are_above_torsos_above_lower_legs():
    above = 0, 0
    for scene in scenes():
        rows = [np.flatnonzero((scene.parts == part).any(1)) for part in (1, 2, 6)]
        if all(r.size for r in rows):
            means = [r.mean() for r in rows]
            above = above[0] + (means[0] < means[1] < means[2]), above[1] + 1
    assert above[1] > 5 and above[0] / above[1] > 0.9


@pytest.mark.parametrize('make', [*dict.fromkeys(FURNITURE), person])
def test_things_stand_on_the_floor_inside_their_space(make):
    """Except for a swung arm or leg."""
    reach = 0.5 if make is person else 0.01
    for seed in range(20):
        thing = make(Draws(np.random.default_rng(seed)))
        assert thing.label in CLASSES
        for piece in thing.pieces:
            extent = np.abs(np.array(piece.axes).T) @ np.array(piece.half)
            low, high = np.array(piece.centre) - extent, np.array(piece.centre) + extent
            assert low[2] > -0.12, (seed, piece)
            sides = np.maximum(-low, high)[:2] - (thing.half_x, thing.half_y)
            assert sides.max() < reach, (seed, piece)
    assert {piece.limb for piece in person(Draws(np.random.default_rng(1))).pieces} >= set(range(1, len(LIMBS) + 1))
