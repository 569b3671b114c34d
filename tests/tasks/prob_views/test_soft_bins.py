import math

import numpy as np
import pytest
import torch

from mtkd.tasks.prob_views import SoftBins


def numpy_bins(depth_m, a=0.7, b=10.0, num=40, sigma_bins=1.0):
    centres = a * (b / a) ** ((np.arange(num) + 0.5) / num)
    s = sigma_bins * math.log(b / a) / num
    scores = np.exp(-(math.log(depth_m) - np.log(centres)) ** 2 / (2 * s * s))
    return scores / scores.sum()


def divergence(p, q):
    return -math.log((p * q).sum() / math.sqrt((p * p).sum() * (q * q).sum()))


def view_of(depth_m, **arguments):
    return SoftBins(**arguments)(torch.tensor(depth_m).view(1, 1, 1, 1))[0, :, 0, 0].double().numpy()


@pytest.mark.parametrize('depth_m', [0.7, 1.9, 3.0, 9.99])
def test_against_numpy(depth_m):
    np.testing.assert_allclose(view_of(depth_m), numpy_bins(depth_m), rtol=2e-4, atol=1e-8)


def test_width_of_a_bin():
    assert SoftBins().sigma == pytest.approx(0.06648, abs=1e-5)


@pytest.mark.parametrize('sigma_bins, expected', [(1.0, 0.5137293), (2.0, 0.1284568)])
def test_vectors_of_the_fact_sheet(sigma_bins, expected):
    p, q = (view_of(depth, sigma_bins=sigma_bins) for depth in (3.0, 3.3))
    assert divergence(p, q) == pytest.approx(expected, rel=1e-5)
    exact = [numpy_bins(depth, sigma_bins=sigma_bins) for depth in (3.0, 3.3)]
    assert divergence(*exact) == pytest.approx(expected, abs=1e-7)


def test_cauchy_schwarz_is_the_squared_log_depth_error():
    closed = math.log(3.3 / 3.0) ** 2 / (4 * SoftBins().sigma ** 2)
    assert closed == pytest.approx(0.5138270, abs=1e-7)
    assert divergence(view_of(3.0), view_of(3.3)) == pytest.approx(closed, rel=1e-3)


@pytest.mark.parametrize('depth_m, limit', [(-1.0, 0.35), (0.0, 0.35), (500.0, 20.0)])
def test_clamped_beyond_half_the_nearest_and_twice_the_farthest(depth_m, limit):
    np.testing.assert_array_equal(view_of(depth_m), view_of(limit))


@pytest.mark.parametrize('arguments', [{'min_m': 0}, {'min_m': 5.0, 'max_m': 4.0}, {'num_bins': 0}, {'sigma_bins': 0}])
def test_wrong_arguments(arguments):
    with pytest.raises(ValueError, match='soft_bins needs 0 < min_m < max_m'):
        SoftBins(**arguments)


def test_three_channels_are_refused():
    with pytest.raises(ValueError, match='one depth in metres'):
        SoftBins()(torch.zeros(1, 3, 2, 2))
