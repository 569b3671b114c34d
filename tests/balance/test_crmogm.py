import pytest
import torch

from mtkd.balance import CRMOGM, MGDA, PCGrad


def made(**kwargs):
    balance = CRMOGM({'type': 'MGDA'}, alpha=0.75, **kwargs)
    balance.setup({'a': 1.0, 'b': 1.0, 'c': 1.0})
    return balance


def ask(*squares):
    return torch.diag(torch.tensor(squares))


def test_weights_are_smoothed_from_the_first_on():
    balance = made()
    assert isinstance(balance.method, MGDA)
    two = torch.tensor([0, 1])
    assert balance.solve(ask(1.0, 4.0), two, torch.ones(2)).tolist() == pytest.approx([0.8, 0.2])
    assert balance.solve(ask(4.0, 1.0), two, torch.ones(2)).tolist() == pytest.approx([0.65, 0.35])
    assert balance.last[2].isnan()


def test_place_and_seed_are_handed_on():
    balance = CRMOGM({'type': 'PCGrad'}, level='params', heads='weighted')
    balance.setup({'a': 1.0, 'b': 1.0}, torch.nn.ModuleDict({'trunk': torch.nn.Linear(2, 2)}))
    balance.begin(seed=4)
    assert isinstance(balance.method, PCGrad) and balance.method.level == 'params' and balance.method.heads == 'weighted'
    assert balance.hears == {'seed'} and balance.method._run_seed == 4


def test_only_methods_that_solve():
    for name in ('WeightedSum', 'GradNorm'):
        with pytest.raises(ValueError, match=f'such as MGDA or PCGrad; {name} is none'):
            CRMOGM({'type': name})
    with pytest.raises(ValueError, match='CRMOGM has alpha=2; give 0 to 1'):
        CRMOGM({'type': 'MGDA'}, alpha=2)
