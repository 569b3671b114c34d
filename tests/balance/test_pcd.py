import pytest
import torch

from mtkd.balance import PCD


def made(**kwargs):
    balance = PCD(**kwargs)
    balance.setup({'a': 1.0, 'b': 1.0, 'c': 1.0})
    return balance


def test_the_first_task_leads_and_the_others_progress():
    rows = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    direction = made(tau=0.1).solve(rows @ rows.T, torch.arange(3), torch.ones(3)) @ rows
    assert (rows @ direction > 0).all()
    torch.testing.assert_close(direction.norm(), torch.tensor(1.0))


def test_without_the_first_the_others_are_added_and_averages_rest():
    balance = made()
    balance.solve(torch.eye(3), torch.arange(3), torch.ones(3))
    before = balance.squares.clone()
    assert balance.solve(torch.eye(2), torch.tensor([1, 2]), torch.ones(2)).tolist() == [1, 1]
    assert torch.equal(balance.squares, before) and balance.count == 1
    balance.solve(2 * torch.eye(2), torch.tensor([0, 2]), torch.ones(2))
    assert balance.squares[1] == before[1] and balance.squares[0] > before[0] and balance.count == 2


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='give 0 <= tau <= 1 and 0 <= beta < 1'):
        PCD(tau=2.0)
