import numpy as np
import pytest
import torch

from mtkd.balance.nash_mtl import NashMTL, bargain


def made(**kwargs):
    balance = NashMTL(**kwargs)
    balance.setup({'a': 1.0, 'b': 1.0, 'c': 1.0})
    return balance


def gram(seed=0, count=3):
    rows = torch.randn(count, 6, generator=torch.Generator().manual_seed(seed))
    rows = rows * 10.0 ** torch.linspace(-3, 3, count)[:, None]
    return rows @ rows.T


@pytest.mark.parametrize('seed', range(10))
@pytest.mark.parametrize('count', [2, 3, 5])
def test_the_bargaining_solution(seed, count):
    matrix = gram(seed, count).double().numpy()
    weights = bargain(matrix)
    assert (weights > 0).all()
    assert weights * (matrix @ weights) == pytest.approx(np.ones(count), rel=1e-4)


def test_orthogonal_gradients_come_to_one_length():
    assert bargain(np.diag([1.0, 4.0])) == pytest.approx([1.0, 0.5])


def test_gradients_that_cancel_have_finite_weights_and_little_effect():
    rows = np.array([[1.0, 0.0], [-1.0, 0.0]])
    weights = bargain(rows @ rows.T)
    assert np.isfinite(weights).all() and np.abs(weights @ rows).max() < 1e-2


def test_the_norm_is_bounded():
    for bound, expected in ((0.5, 0.5), (10.0, 3 ** 0.5), (0.0, 3 ** 0.5)):
        weights = made(max_norm=bound).solve(gram(), torch.arange(3), torch.ones(3))
        assert (weights @ gram().double() @ weights).sqrt().item() == pytest.approx(expected, rel=1e-3)


def test_weights_are_kept_between_solutions():
    balance = made(update_every=2, max_norm=0.0)
    first = balance.solve(gram(0), torch.arange(3), torch.ones(3))
    assert torch.equal(balance.solve(gram(1), torch.arange(3), torch.ones(3)), first)
    assert not torch.equal(balance.solve(gram(1), torch.arange(3), torch.ones(3)), first)


def test_an_absent_tasks_weight_rests():
    balance = made()
    balance.solve(gram(), torch.arange(3), torch.ones(3))
    before = balance.last.clone()
    balance.solve(gram(1)[:2, :2], torch.tensor([0, 1]), torch.ones(2))
    assert balance.last[2] == before[2] and balance.last[0] != before[0]


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='give max_norm >= 0 and update_every >= 1'):
        NashMTL(update_every=0)
