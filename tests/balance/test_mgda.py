import itertools

import numpy as np
import pytest
import torch

from mtkd.balance import MGDA
from mtkd.balance.mgda import min_norm


def gram(rows):
    rows = np.asarray(rows, dtype=float)
    return rows @ rows.T


def test_two_tasks_of_the_fact_sheet():
    assert min_norm(gram([(1, 0), (0, 2)])) == pytest.approx([0.8, 0.2], abs=1e-12)


@pytest.mark.parametrize('rows, weights', [
    ([(1, 0), (3, 0.1)], (1, 0)), ([(3, 0.1), (1, 0)], (0, 1)), ([(1, 1), (-1, -1)], (0.5, 0.5)),
    ([(1, 0), (1, 0)], None), ([(0, 0, 0), (1, 2, 3)], (1, 0))])
def test_ends_and_degenerate_pairs(rows, weights):
    found = min_norm(gram(rows))
    assert found.sum() == pytest.approx(1) and (found >= 0).all()
    if weights:
        assert found == pytest.approx(weights, abs=1e-9)


@pytest.mark.parametrize('seed', range(20))
def test_no_subset_of_tasks_gives_a_shorter_vector(seed):
    """The optimum lies on the hull of some subset: the best of all closed-form ones."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 7))
    rows = rng.standard_normal((count, int(rng.integers(1, 8)))) * 10.0 ** rng.uniform(-3, 3, (count, 1))
    matrix = gram(rows)
    best = np.inf
    for size in range(1, count + 1):
        for subset in itertools.combinations(range(count), size):
            system = np.ones((size + 1, size + 1))
            system[:size, :size], system[size, size] = matrix[np.ix_(subset, subset)], 0
            found = np.linalg.lstsq(system, np.eye(size + 1)[size], rcond=None)[0][:size]
            if (found >= -1e-9).all() and abs(found.sum() - 1) < 1e-6:
                best = min(best, found @ matrix[np.ix_(subset, subset)] @ found)
    weights = min_norm(matrix)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    assert weights @ matrix @ weights <= best + 1e-9 * matrix.diagonal().max()


def test_the_scale_of_all_does_not_matter_and_eight_tasks_are_solved():
    rows = np.random.default_rng(0).standard_normal((8, 50))
    assert min_norm(gram(rows * 1e-12)) == pytest.approx(min_norm(gram(rows)), abs=1e-9)
    slope = gram(rows) @ min_norm(gram(rows))
    assert slope.min() == pytest.approx(min_norm(gram(rows)) @ slope, rel=1e-9)  # no task can do better


@pytest.mark.parametrize('normalise, lengths', [('none', (1, 2)), ('l2', (1, 1)), ('loss', (1 / 4, 2 / 3)),
                                                ('loss+', (1 / 4, 1 / 3))])
def test_normalisers(normalise, lengths):
    """Orthogonal gradients of norm a and b get weights b² and a², over their sum."""
    found = MGDA(normalise).solve(torch.diag(torch.tensor([1.0, 4.0])), torch.arange(2), torch.tensor([4.0, 3.0]))
    first, second = (length ** 2 for length in lengths)
    assert found.tolist() == pytest.approx([second / (first + second), first / (first + second)])


def test_an_unknown_normaliser():
    with pytest.raises(ValueError, match="no normalise='max'; choose from none, l2, loss, loss"):
        MGDA('max')
