"""Cosines from a Gramian, and their figures."""

import numpy as np
import pytest

from mtkd.studies.conflicts.pictures import cosines_of, draw_history, matrix_picture, pairs


def test_cosines_of_known_vectors():
    rows = np.array([[3.0, 4.0], [4.0, -3.0], [-6.0, -8.0], [0.0, 0.0]])
    cosines = cosines_of(rows @ rows.T)
    np.testing.assert_allclose(cosines[:3, :3], [[1, 0, -1], [0, 1, 0], [-1, 0, 1]], atol=1e-12)
    assert np.isnan(cosines[3]).all(), 'without a gradient there is no direction'


def test_every_pair_once():
    assert pairs(['a', 'b', 'c']) == [(0, 1, 'a~b'), (0, 2, 'a~c'), (1, 2, 'b~c')]


def test_a_conflict_is_red_and_agreement_blue():
    agree, fight = (matrix_picture(['a', 'b'], np.array([[1, c], [c, 1.0]])).astype(int).mean((0, 1)) for c in (1.0, -1.0))
    assert agree[2] > agree[0] and fight[0] - fight[2] > agree[0] - agree[2]


@pytest.mark.parametrize('count', [1, 9])
def test_the_history_is_drawn_where_a_task_is_missing_too(tmp_path, count):
    history = [np.array([[1, 0.5], [0.5, 1]]) for _ in range(count)]
    history[0] = np.full((2, 2), np.nan)
    draw_history(['a', 'b'], list(range(1, count + 1)), history, tmp_path / 'c.png')
    assert (tmp_path / 'c.png').stat().st_size > 5000
