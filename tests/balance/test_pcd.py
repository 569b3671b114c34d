import numpy as np
import pytest
import torch
from torchjd.aggregation import PCDWeighting

from mtkd.balance import PCD

from .cases import random_rows, set_up, weights_of


def test_the_first_task_leads_and_the_others_progress():
    rows = np.array([[1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    direction = weights_of(set_up(PCD(tau=0.1)), rows) @ rows
    assert (rows @ direction > 0).all()
    assert np.linalg.norm(direction) == pytest.approx(1.0)


@pytest.mark.parametrize('seed', range(5))
def test_several_steps_are_torchjds(seed):
    balance, theirs = set_up(PCD(tau=0.1, beta=0.9), 4), PCDWeighting(tau=0.1, beta=0.9, eps=0.0)
    for step in range(4):
        rows = random_rows(10 * seed + step, 4)
        expected = theirs(torch.from_numpy(rows @ rows.T)).numpy()
        assert weights_of(balance, rows) == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_conditions_that_nothing_meets_leave_the_first_gradient():
    rows = np.array([[1.0, 0.2], [0.0, 1.0], [0.0, -1.0]])
    assert weights_of(set_up(PCD(tau=0.5)), rows) == pytest.approx([1, 0, 0])


def test_without_the_first_the_others_are_added_and_averages_rest():
    balance = set_up(PCD())
    weights_of(balance, np.eye(3))
    before = balance.squares.clone()
    assert weights_of(balance, np.eye(3), active=[False, True, True]).tolist() == [0, 1, 1]
    assert torch.equal(balance.squares, before) and balance.count == 1
    weights_of(balance, 2 * np.eye(3), active=[True, False, True])
    assert balance.squares[1] == before[1] and balance.squares[0] > before[0] and balance.count == 2


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='give 0 <= tau <= 1 and 0 <= beta < 1'):
        PCD(tau=2.0)
