import numpy as np
import pytest
import torch
from torchjd.aggregation import GradVacWeighting

from mtkd.balance import GradVac
from mtkd.balance.gradvac import turned

from .cases import random_rows, set_up, weights_of


def test_conflicts_are_turned_to_the_average_cosine():
    rows = np.array([[1.0, 0.0], [-1.0, 1.0]])
    balance = set_up(GradVac(seed=0), 2)
    weights = weights_of(balance, rows)
    assert weights @ rows == pytest.approx([0.5, 1.5], abs=1e-6)  # the average is initially 0, which is PCGrad
    cosine = -0.5 ** 0.5
    torch.testing.assert_close(balance.cosines, 0.5 * cosine * (1 - torch.eye(2)))
    assert (weights_of(balance, rows) < weights).all()


@pytest.mark.parametrize('seed', range(5))
def test_it_is_what_torchjd_does_in_its_own_order(seed, monkeypatch):
    orders = [np.random.default_rng(seed).permutation(np.delete(np.arange(4), i)) for i in range(4)]
    drawn = iter(torch.as_tensor([sorted(order).index(j) for j in order]) for order in orders)
    monkeypatch.setattr(torch, 'randperm', lambda count: next(drawn))
    rows, usual = random_rows(seed, 4), np.random.default_rng(seed).uniform(-0.5, 0.9, (4, 4))
    theirs = GradVacWeighting(beta=0.3, eps=0.0)
    theirs._phi_t, theirs._state_key = torch.from_numpy(usual.copy()), (4, torch.float64)
    weights = theirs(torch.from_numpy(rows @ rows.T))
    found, averages = turned(rows @ rows.T, usual, orders, 0.3)
    assert found.sum(0) == pytest.approx(weights.numpy(), rel=1e-6)
    off = ~np.eye(4, dtype=bool)
    assert averages[off] == pytest.approx(theirs._phi_t.numpy()[off], rel=1e-6)


def test_an_absent_tasks_averages_rest():
    balance = set_up(GradVac(seed=0))
    rows = random_rows(0, 3)
    weights_of(balance, rows)
    before = balance.cosines.clone()
    weights_of(balance, rows, active=[True, False, True])
    assert torch.equal(balance.cosines[1], before[1]) and torch.equal(balance.cosines[:, 1], before[:, 1])
    assert not torch.equal(balance.cosines[0, 2], before[0, 2]) and balance.step == 2


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='GradVac has beta=2; give 0 to 1'):
        GradVac(beta=2)
