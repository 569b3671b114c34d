import numpy as np
import pytest
import torch
from torchjd.aggregation._utils.simplex import project_onto_simplex

from mtkd.balance import MoDo
from mtkd.balance.double_sampling import to_simplex

from .cases import batch, model
from .official import Toy, toy


@pytest.mark.parametrize('seed', range(5))
def test_the_nearest_point_of_the_simplex(seed):
    values = torch.from_numpy(np.random.default_rng(seed).standard_normal(6))
    every = torch.ones(6, dtype=torch.bool)
    torch.testing.assert_close(to_simplex(values, every), project_onto_simplex(values))
    some = torch.arange(6) % 3 != 1
    found = to_simplex(values, some)
    torch.testing.assert_close(found[some], project_onto_simplex(values[some]))
    assert not found[~some].any()


def test_mini_batches_are_asked_for():
    balance = MoDo()
    net: Toy = toy(balance)
    with pytest.raises(ValueError, match='MoDo needs the losses of 3 mini-batches'):
        balance.total(net.losses(), {})
    with pytest.raises(ValueError, match='MoDo splits a batch into 3 parts, but this one has 2 samples'):
        model({'type': 'MoDo'})(**batch(count=2), mode='loss')


def test_the_model_splits_each_batch(monkeypatch):
    trained = model({'type': 'MoDo'})
    given = []
    monkeypatch.setattr(trained.balance, 'total', lambda losses, taps, alone, parts: given.append(parts) or losses[0])
    whole = batch(count=6)
    for here in whole['present'].values():
        here[:] = True
    trained(**whole, mode='loss')
    parts, = given
    taps = trained(**whole)
    expected = trained.task_terms(whole, taps)
    assert len(parts) == 3
    edge = sum(part[3] for part in parts) / 3
    torch.testing.assert_close(edge, 2.0 * sum(value for name, value in expected.items() if name.startswith('edge/')))
