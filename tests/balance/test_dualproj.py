import numpy as np
import pytest
import torch
from torchjd.aggregation import DualProjWeighting

from mtkd.balance import DualProj

from .cases import random_rows, set_up, weights_of


@pytest.mark.parametrize('seed', range(5))
def test_the_total_opposes_no_task(seed):
    rows = random_rows(seed, 5, width=6)
    assert (rows @ (weights_of(set_up(DualProj(), 5), rows) @ rows) > -1e-5).all()


def test_gradients_that_agree_are_averaged_or_preferred():
    rows = np.abs(random_rows(0, 3))
    assert weights_of(set_up(DualProj()), rows) == pytest.approx([1 / 3] * 3)
    assert weights_of(set_up(DualProj((3.0, 1.0, 2.0))), rows) == pytest.approx([3, 1, 2])


@pytest.mark.parametrize('seed', range(5))
def test_near_what_torchjds_regularised_program_gives(seed):
    pytest.importorskip('quadprog')
    rows = random_rows(seed, 4)
    theirs = DualProjWeighting(torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64))(torch.from_numpy(rows @ rows.T))
    assert weights_of(set_up(DualProj((1.0, 2.0, 3.0, 4.0)), 4), rows) == pytest.approx(theirs.numpy(), rel=5e-3, abs=5e-3)
