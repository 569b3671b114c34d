import copy
import math

import numpy as np
import pytest
import torch

from mtkd.tasks.prob_views import SphereBins


def numpy_directions(num=40, sign=-1):
    rows = []
    for k in range(num):
        z, phi = (k + 0.5) / num, k * math.pi * (3 - math.sqrt(5))
        rows.append((math.sqrt(1 - z * z) * math.cos(phi), math.sqrt(1 - z * z) * math.sin(phi), sign * z))
    return np.array(rows)


@pytest.mark.parametrize('sign', [-1, 1])
def test_directions(sign):
    directions = SphereBins(z_sign=sign).directions.double().numpy()
    np.testing.assert_allclose(directions, numpy_directions(sign=sign), atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1, atol=1e-6)
    assert (directions[:, 2] * sign > 0).all()


def test_against_numpy_whatever_the_length():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(2, 3, 4, 5))
    unit = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    scores = np.exp(10 * np.einsum('bchw,kc->bkhw', unit, numpy_directions()))
    probs = SphereBins()(torch.from_numpy(normal * 3))
    np.testing.assert_allclose(probs.numpy(), scores / scores.sum(1, keepdims=True), rtol=1e-4, atol=1e-7)


def test_kappa_and_temperature():
    normal = torch.tensor([0.1, 0.2, -1.0]).view(1, 3, 1, 1)
    torch.testing.assert_close(SphereBins(kappa=20.0)(normal, 2.0), SphereBins(kappa=10.0)(normal, 1.0))


def test_centroids_as_a_list_and_as_a_file(tmp_path):
    centroids = [[2.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0], [0.6, 0.8, 0]]
    np.save(tmp_path / 'centroids.npy', np.array(centroids))
    view = SphereBins(centroids=centroids)
    assert view(torch.ones(1, 3, 2, 2)).shape == (1, 4, 2, 2)
    assert torch.equal(view.directions, SphereBins(centroids=str(tmp_path / 'centroids.npy')).directions)
    torch.testing.assert_close(view.directions.norm(dim=1), torch.ones(4))


def test_copies_after_use():
    view = SphereBins()
    expected = view(torch.ones(1, 3, 1, 1))
    assert torch.equal(copy.deepcopy(view)(torch.ones(1, 3, 1, 1)), expected)


@pytest.mark.parametrize('arguments, message', [
    ({'z_sign': 0}, 'z_sign is 0'), ({'centroids': [[1, 2]]}, r'must be \(K, 3\)'),
    ({'centroids': [[0, 0, 0]]}, 'zero vector')])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SphereBins(**arguments)


def test_missing_file():
    with pytest.raises(FileNotFoundError, match='no file of centroids at nowhere'):
        SphereBins(centroids='nowhere.npy')


def test_one_channel_is_refused():
    with pytest.raises(ValueError, match='three components'):
        SphereBins()(torch.zeros(1, 1, 2, 2))
