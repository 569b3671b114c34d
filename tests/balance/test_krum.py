import numpy as np
import pytest
import torch
from torchjd.aggregation import KrumWeighting

from mtkd.balance import Krum

from .cases import random_rows, set_up, weights_of


def test_the_far_one_is_left_out():
    rows = np.concatenate([np.ones((4, 3)) + 0.01 * np.eye(4)[:, :3], np.full((1, 3), -50.0)])
    weights = weights_of(set_up(Krum(num_outliers=1, num_selected=2), 5), rows)
    assert weights[4] == 0 and weights.sum() == 1


@pytest.mark.parametrize('seed', range(5))
def test_torchjd_selects_the_same(seed):
    rows = random_rows(seed, 6)
    theirs = KrumWeighting(2, 2)(torch.from_numpy(rows @ rows.T)).numpy()
    assert weights_of(set_up(Krum(2, 2), 6), rows) == pytest.approx(theirs)


def test_few_tasks():
    rows = random_rows(0, 4)
    assert weights_of(set_up(Krum(), 4), rows, active=[True, True, True, False]) == pytest.approx([1 / 3] * 3 + [0])
    with pytest.raises(ValueError, match='needs 4 tasks or more; there are 3'):
        set_up(Krum(), 3)
    with pytest.raises(ValueError, match='give num_outliers >= 0 and num_selected >= 1'):
        Krum(num_selected=0)
