import numpy as np
import pytest
import torch

from mtkd.balance import PCGrad
from mtkd.balance.pcgrad import surgery

from .cases import random_rows

ROWS = np.array([[1.0, 0.0], [-1.0, 1.0]])


def test_the_fact_sheets_vectors():
    projected = surgery(ROWS @ ROWS.T, [[0, 1], [0, 1]]) @ ROWS
    assert projected == pytest.approx(np.array([[0.5, 0.5], [0.0, 1.0]]))
    weights = PCGrad(seed=0).solve(ROWS @ ROWS.T, np.arange(2), np.ones(2))
    assert weights @ ROWS == pytest.approx([0.5, 1.5])
    mean = PCGrad('mean', seed=0).solve(ROWS @ ROWS.T, np.arange(2), np.ones(2))
    assert mean @ ROWS == pytest.approx([0.25, 0.75])


def test_gradients_that_agree_are_left_alone():
    assert PCGrad(seed=0).solve(np.ones((3, 3)) + np.eye(3), np.arange(3), np.ones(3)) == pytest.approx([1, 1, 1])


@pytest.mark.parametrize('seed', range(5))
def test_it_is_the_papers_loop_over_vectors(seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((5, 6))
    orders = [rng.permutation(5) for _ in range(5)]
    expected = []
    for i, order in enumerate(orders):
        vector = rows[i].copy()
        for j in order:
            if j != i and vector @ rows[j] < 0:
                vector -= (vector @ rows[j]) / (rows[j] @ rows[j]) * rows[j]
        expected.append(vector)
    assert surgery(rows @ rows.T, orders) @ rows == pytest.approx(np.array(expected))


def test_orders_are_drawn_anew_each_step_and_again_after_a_resume():
    rows = random_rows(1, 6)
    made, resumed = PCGrad(seed=2), PCGrad(seed=2)
    ask = rows @ rows.T, np.arange(6), np.ones(6)
    first, second = made.solve(*ask), made.solve(*ask)
    assert not np.array_equal(first, second) and made.step == 2
    resumed.load_state_dict({'step': torch.tensor(1)})
    assert np.array_equal(resumed.solve(*ask), second)


def test_an_unknown_reduction():
    with pytest.raises(ValueError, match="no reduction='max'; choose 'sum' or 'mean'"):
        PCGrad('max')
