"""Every method keeps its definition at any scale of all gradients, any ratio between two, and in edge cases."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .cases import SOLVED, random_rows, set_up, weights_of

COUNTS = (2, 3, 5, 8)
METHODS = {name: cfg for name, cfg in SOLVED.items() if name not in ('dualproj', 'krum')} | {
    'dualproj': {'type': 'DualProj'}, 'imtl': {'type': 'IMTLG'}}


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def conflict(rows, total, weights):
    return -(unit(rows) @ total).min() / np.linalg.norm(total)


def spread(values):
    return np.ptp(values) / np.abs(values).max()


def not_the_nearest(rows, total, weights):
    """By how much the point of minimum norm could be improved, as a sine."""
    lengths = np.linalg.norm(rows, axis=1)
    return ((total @ total - rows @ total) / (np.linalg.norm(total) * lengths)).max()


def off_aligned(rows, total, weights):
    """Aligned gradients are orthonormal up to the smallest singular value; their sum is this value times U V' 1."""
    left, singular, right = np.linalg.svd(rows, full_matrices=False)
    expected = singular[-1] * (left.sum(0) @ right)
    return np.linalg.norm(total - expected) / np.linalg.norm(expected)


def off_bargain(rows, total, weights):
    return spread(weights * (rows @ total))


def off_fair(rows, total, weights):
    return np.abs((rows @ total) * np.sqrt(weights) - 1).max()


def off_projection(rows, total, weights):
    return spread(unit(rows) @ total)


DEFINITIONS = {'MGDA': not_the_nearest, 'UPGrad': conflict, 'DualProj': conflict, 'IMTLG': off_projection,
               'NashMTL': off_bargain, 'FairGrad': off_fair, 'AlignedMTL': off_aligned}


def errors_of_rounding(rows, weights):
    """How much rounding the weights to float32 may change the unit projections, given the sum of their terms."""
    return 4e-7 * np.abs(weights[:, None] * rows).sum()


@pytest.mark.parametrize('name', DEFINITIONS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(count=st.sampled_from(COUNTS), seed=st.integers(0, 10_000), scale=st.integers(-12, 12), ratio=st.integers(0, 6))
def test_its_definition_holds(name, count, seed, scale, ratio):
    exponents = np.random.default_rng(seed).uniform(-ratio, 0, (count, 1))
    rows = unit(random_rows(seed, count, 24)) * 10.0 ** (exponents + scale)
    made = set_up({'type': name}, count)
    weights = weights_of(made, rows)
    assert np.isfinite(weights).all()
    total = weights @ rows
    slack = errors_of_rounding(rows, weights) / np.linalg.norm(total)
    assert DEFINITIONS[name](rows, total, weights) <= 1e-4 + 10 * slack


@pytest.mark.parametrize('name', METHODS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(count=st.sampled_from(COUNTS), seed=st.integers(0, 10_000), scale=st.integers(-12, 12))
def test_the_scale_of_all_gradients_scales_the_total(name, count, seed, scale):
    """The direction is unchanged. Its length scales with the power of the scale in the method's equation."""
    rows = random_rows(seed, count)
    once, again = (weights_of(set_up(METHODS[name], count), rows * by) for by in (1.0, 10.0 ** scale))
    power = {'nash': -1.0, 'fairgrad': -2 * 2.0 / 3.0}.get(name, 0.0)
    expected = once * 10.0 ** (scale * power)
    assert again == pytest.approx(expected, rel=1e-4, abs=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize('name', METHODS)
@pytest.mark.parametrize('count', COUNTS)
@pytest.mark.parametrize('scale', [1e-12, 1.0, 1e12])
def test_identical_opposite_zero_and_absent_tasks(name, count, scale):
    first = random_rows(3, 1)[0] * scale
    some = random_rows(count, count) * scale
    zero, opposite = some.copy(), some.copy()
    zero[-1], opposite[1] = 0.0, -some[0]
    for rows in (np.tile(first, (count, 1)), first * 10.0 ** np.linspace(-3, 3, count)[:, None], opposite,
                 np.stack([first, *(-first * 1e-3 for _ in range(count - 1))]), zero):
        weights = weights_of(set_up(METHODS[name], count), rows)
        assert np.isfinite(weights).all()
        assert np.linalg.norm(weights @ rows) <= 1e3 * count * np.abs(weights).max() * np.linalg.norm(rows)
    assert weights[-1] == 0  # the task without a gradient
    here = np.arange(count) != count - 1
    if name != 'crmogm':  # in its first step, the smoothed weights are those of the wrapped method
        absent = weights_of(set_up(METHODS[name], count), some, active=here)
        assert absent[-1] == 0 and absent[:-1] == pytest.approx(weights[:-1], rel=1e-4, abs=1e-6 * np.abs(weights).max())


@pytest.mark.parametrize('name', ['mgda', 'upgrad', 'dualproj', 'imtlg', 'cagrad', 'fairgrad', 'nash', 'aligned', 'pcd'])
def test_identical_tasks_go_where_one_would(name):
    first = random_rows(3, 1)[0]
    rows = np.tile(first, (3, 1))
    total = weights_of(set_up(METHODS[name], 3), rows) @ rows
    assert total @ first == pytest.approx(np.linalg.norm(total) * np.linalg.norm(first))
    assert np.linalg.norm(total) > 0
