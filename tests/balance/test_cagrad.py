import numpy as np
import pytest
import torch

from mtkd.balance import CAGrad
from mtkd.balance.cagrad import averse

from .cases import random_rows, set_up, weights_of


def gap(rows, c):
    """The relative gap between the direction and the best one in its ball: the dual bound minus the worst task's
    improvement.
    """
    weights = averse(rows @ rows.T, c)
    direction, mean = weights @ rows, rows.mean(0)
    radius = c * np.linalg.norm(mean)
    assert np.linalg.norm(direction - mean) <= radius * (1 + 1e-9)
    share = weights - 1 / len(rows)
    assert (share >= 0).all()
    toward = share / share.sum() @ rows
    bound = toward @ mean + radius * np.linalg.norm(toward)
    return (bound - (rows @ direction).min()) / bound


@pytest.mark.parametrize('seed', range(10))
@pytest.mark.parametrize('ratio', [1.0, 1e3, 1e6])
def test_no_direction_in_the_ball_serves_the_worst_task_better(seed, ratio):
    rng = np.random.default_rng(seed)
    count = (2, 3, 5, 8)[seed % 4]
    rows = random_rows(seed, count) * ratio ** rng.uniform(-1, 0, (count, 1))
    assert abs(gap(rows, (0.1, 0.4, 0.9)[seed % 3])) < 1e-7


def test_a_ball_of_no_size_is_the_mean():
    rows = random_rows(1, 3)
    assert weights_of(set_up(CAGrad(c=0.0)), rows) == pytest.approx([1 / 3] * 3)


def test_where_a_combination_vanishes_the_mean_opposes_no_task():
    """For (1, 0), (-1, 0) and (1, 10), no direction improves the first two; TorchJD returns zero weights."""
    rows = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 10.0]])
    direction = averse(rows @ rows.T, 0.4) @ rows
    assert direction == pytest.approx([0.0, 10 / 3])


@pytest.mark.parametrize('seed', range(3))
def test_torchjds_conic_solver_agrees(seed):
    pytest.importorskip('clarabel')
    from torchjd.aggregation import CAGradWeighting
    rows = random_rows(seed, 4)
    theirs = CAGradWeighting(c=0.4)(torch.from_numpy(rows @ rows.T)).numpy()
    assert weights_of(set_up(CAGrad(0.4), 4), rows) == pytest.approx(theirs, rel=1e-3, abs=1e-4)


def test_rescaling_is_the_authors():
    rows = random_rows(2, 3)
    plain = weights_of(set_up(CAGrad(0.5)), rows)
    assert weights_of(set_up(CAGrad(0.5, rescale=1)), rows) == pytest.approx(plain / 1.25)
    assert weights_of(set_up(CAGrad(0.5, rescale=2)), rows) == pytest.approx(plain / 1.5)
    with pytest.raises(ValueError, match='give c >= 0 and rescale 0, 1 or 2'):
        CAGrad(rescale=3)
