"""Colours and patterns."""

import numpy as np
import pytest

from mtkd.datasets.synthetic import CLASSES
from mtkd.datasets.synthetic.materials import PANES, PLAIN, Draws, make_material, pattern_of

from .rendered import scenes


def test_class_cannot_be_told_from_colour():
    """The best prediction of the class from a 512-cell colour histogram, fitted on other scenes, is hardly better than
    always predicting the most frequent class.
    """
    count = np.zeros((512, len(CLASSES)))

    def cells(scene):
        coarse = scene.image.astype(int) // 32
        return coarse[..., 0] * 64 + coarse[..., 1] * 8 + coarse[..., 2]

    for scene in scenes()[:40]:
        np.add.at(count, (cells(scene).ravel(), scene.semseg.ravel()), 1)
    right = np.mean([(count.argmax(1)[cells(scene)] == scene.semseg).mean() for scene in scenes()[40:]])
    commonest = np.mean([(scene.semseg == 0).mean() for scene in scenes()[40:]])
    assert right < commonest + 0.1


def test_draws_stay_in_their_range():
    draw = Draws(np.random.default_rng(0))
    assert {draw.integer(2, 4) for _ in range(100)} == {2, 3, 4}
    assert {draw.pick('ab') for _ in range(50)} == {'a', 'b'}
    assert all(-1 <= draw(-1, 3) < 3 for _ in range(1000)) and 0.2 < np.mean([draw.chance(0.3) for _ in range(1000)]) < 0.4


@pytest.mark.parametrize('kind', range(PLAIN, PANES + 1))
def test_patterns_are_shares_of_the_second_colour(kind):
    u, v = np.random.default_rng(kind).uniform(-3, 3, (2, 500)).astype(np.float32)
    amount = pattern_of(kind, u, v, u / 3, v / 3)
    assert amount.shape == (500,) and amount.min() >= 0 and amount.max() <= 1
    assert (amount.std() > 0) == (kind != PLAIN)
    assert make_material(Draws(np.random.default_rng(kind)), kind).pattern == kind
