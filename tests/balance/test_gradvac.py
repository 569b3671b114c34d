import torch

from mtkd.balance import GradVac


def made():
    balance = GradVac(beta=0.5, seed=0)
    balance.setup({'a': 1.0, 'b': 1.0, 'c': 1.0})
    return balance


def test_conflicts_are_turned_to_the_average_cosine():
    rows = torch.tensor([[1.0, 0.0], [-1.0, 1.0]])
    balance = GradVac(seed=0)
    balance.setup({'a': 1.0, 'b': 1.0})
    weights = balance.solve(rows @ rows.T, torch.arange(2), torch.ones(2))
    torch.testing.assert_close(weights @ rows, torch.tensor([0.5, 1.5]))  # the average is 0 at first: PCGrad
    cosine = -0.5 ** 0.5
    torch.testing.assert_close(balance.cosines, 0.5 * cosine * (1 - torch.eye(2)))
    again = balance.solve(rows @ rows.T, torch.arange(2), torch.ones(2))
    assert (again < weights).all()


def test_an_absent_tasks_averages_rest():
    balance = made()
    rows = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    balance.solve(rows @ rows.T, torch.arange(3), torch.ones(3))
    before = balance.cosines.clone()
    rest = torch.tensor([0, 2])
    balance.solve(rows[rest] @ rows[rest].T, rest, torch.ones(2))
    assert torch.equal(balance.cosines[1], before[1]) and torch.equal(balance.cosines[:, 1], before[:, 1])
    assert not torch.equal(balance.cosines[0, 2], before[0, 2]) and balance.step == 2
