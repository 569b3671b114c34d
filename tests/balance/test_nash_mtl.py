import numpy as np
import pytest
import torch

from mtkd.balance import Seen
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


def solve(balance, matrix, tasks=(0, 1, 2)):
    count = len(balance.names)
    whole = torch.zeros(count, count, dtype=torch.float64)
    whole[np.ix_(tasks, tasks)] = matrix.double()
    here = torch.zeros(count, dtype=torch.bool)
    here[list(tasks)] = True
    return [weights.double() for weights in balance.weigh_both(whole, Seen(here.float(), here))]


def test_the_bound_is_for_what_is_shared():
    """The authors clip the gradient of the shared parameters; heads use the weights of the solution."""
    for bound in (0.5, 1e9, 0.0):
        shared, heads = solve(made(max_norm=bound), gram())
        norms = [(w @ gram().double() @ w).sqrt().item() for w in (shared, heads)]
        assert norms == pytest.approx([min(bound or np.inf, 3 ** 0.5), 3 ** 0.5], rel=1e-3)


# AvivNavon/nash-mtl at cce1840, NashMTL(n_tasks=3, max_norm=1.0, optim_niter=100): losses (p * row).sum() of the rows below,
# one backward(); `alpha`, and p.grad after it. CLARABEL instead of ECOS, which cvxpy 1.9 does not include.
ROWS = ((1.0, 0.5, 0.0, 2.0), (0.0, 1.0, 1.0, -0.5), (3.0, 0.0, 1.0, 1.0))
ALPHA = (0.3710720, 0.6839206, 0.2177454)
SHARED = (0.5913842, 0.5019807, 0.5205768, 0.3567613)


def test_weights_of_heads_and_the_shared_gradient_are_the_authors():
    rows = torch.tensor(ROWS, dtype=torch.float64)
    shared, heads = solve(made(), rows @ rows.T)
    assert heads.tolist() == pytest.approx(ALPHA, rel=1e-4)
    assert (shared @ rows).tolist() == pytest.approx(SHARED, rel=1e-4)


def test_weights_are_kept_between_solutions():
    balance = made(update_every=2, max_norm=0.0)
    first = solve(balance, gram(0))
    assert torch.equal(solve(balance, gram(1))[0], first[0])
    assert not torch.equal(solve(balance, gram(1))[0], first[0])


def test_an_absent_tasks_weight_rests():
    balance = made()
    solve(balance, gram())
    before = balance.last.clone()
    solve(balance, gram(1)[:2, :2], (0, 1))
    assert balance.last[2] == before[2] and balance.last[0] != before[0]


def test_its_arguments_have_bounds():
    with pytest.raises(ValueError, match='give max_norm >= 0 and update_every >= 1'):
        NashMTL(update_every=0)
