import itertools

import numpy as np
import pytest

from mtkd.balance.angles import angles, in_cone, least, min_norm, to_dual_cone


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
    """The optimum lies on the hull of some subset of the tasks: the best closed-form solution over all subsets."""
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
    assert slope.min() == pytest.approx(min_norm(gram(rows)) @ slope, rel=1e-9)  # no task can improve it


def test_cosines_tell_no_more_than_float32_gradients_do():
    rows = np.array([[1.0, 0, 0], [1.0, 1e-5, 0], [0, 0, 7.0]])
    norms, cosines = angles(gram(rows))
    assert norms == pytest.approx(np.linalg.norm(rows, axis=1))
    assert np.linalg.matrix_rank(cosines, tol=1e-12) == 2 and cosines[0] == pytest.approx([1, 1, 0], abs=1e-6)
    rows[1, 1] = 0.1
    assert angles(gram(rows))[1][0, 1] == 1 / np.sqrt(1.01)


@pytest.mark.parametrize('seed', range(10))
def test_a_linear_term_on_the_simplex(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 7))
    _, cosines = angles(gram(rng.standard_normal((count, 8))))
    sums, linear = rng.uniform(0.01, 1, count), rng.standard_normal(count) * 3
    found = least(cosines, sums, linear)
    slope = cosines @ found + linear
    assert sums @ found == pytest.approx(1) and (found >= 0).all()
    assert (slope - sums * (found @ slope) >= -1e-9 * np.abs(linear).max()).all()


@pytest.mark.parametrize('seed', range(10))
def test_the_least_in_the_cone(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 9))
    rows = rng.standard_normal((count, int(rng.integers(1, 9))))
    _, cosines = angles(gram(rows))
    linear = cosines @ rng.standard_normal(count) * 10.0 ** rng.uniform(-3, 3)
    found = in_cone(cosines, linear)
    slope, size = cosines @ found + linear, np.abs(linear).max()
    assert (found >= 0).all() and (slope >= -1e-9 * size).all() and np.abs(slope * found).max() <= 1e-8 * size * found.max()


def test_a_projection_onto_the_dual_cone():
    rows = np.array([[1.0, 0.0], [-1.0, 1.0]])
    assert to_dual_cone(*angles(gram(rows)), np.array([1.0, 0.0])) @ rows == pytest.approx([0.5, 0.5])
    assert to_dual_cone(*angles(gram(np.eye(2))), np.array([1.0, 2.0])) == pytest.approx([1, 2])
