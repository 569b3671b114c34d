import numpy as np
import pytest
import torch

from mtkd.balance import CRMOGM, MGDA, PCGrad

from .cases import random_rows, set_up, weights_of


def test_weights_are_smoothed_from_the_first_on():
    balance = set_up(CRMOGM({'type': 'MGDA'}, alpha=0.75))
    assert isinstance(balance.method, MGDA)
    two = [True, True, False]
    assert weights_of(balance, np.diag([1.0, 2.0, 1.0]), active=two) == pytest.approx([0.8, 0.2, 0])
    assert weights_of(balance, np.diag([2.0, 1.0, 1.0]), active=two) == pytest.approx([0.65, 0.35, 0])
    assert balance.last[2].isnan()


def test_the_other_methods_memory_is_kept_as_well():
    balance = set_up(CRMOGM({'type': 'GradVac'}, alpha=0.5))
    weights_of(balance, random_rows(0, 3))
    assert balance.method.cosines.any() and balance.method.step == 1
    again = set_up(CRMOGM({'type': 'GradVac'}, alpha=0.5))
    again.load_state_dict(balance.state_dict())
    assert np.array_equal(weights_of(again, random_rows(1, 3)), weights_of(balance, random_rows(1, 3)))


def test_place_and_seed_are_handed_on():
    balance = CRMOGM({'type': 'PCGrad'}, level='params', heads='weighted')
    balance.setup({'a': 1.0, 'b': 1.0}, torch.nn.ModuleDict({'trunk': torch.nn.Linear(2, 2)}))
    balance.begin(seed=4)
    assert isinstance(balance.method, PCGrad) and balance.method.level == 'params' and balance.method.heads == 'weighted'
    assert balance.hears == {'seed'} and balance.method._run_seed == 4


def test_only_methods_that_solve():
    for name in ('WeightedSum', 'GradNorm'):
        with pytest.raises(ValueError, match=f'such as MGDA or PCGrad; {name} does not'):
            CRMOGM({'type': name})
    with pytest.raises(ValueError, match='CRMOGM has alpha=2; give 0 to 1'):
        CRMOGM({'type': 'MGDA'}, alpha=2)
