import numpy as np
import torch

from mtkd.losses import L1Normals

from .cases import case


def test_against_numpy():
    pred, target, valid = case('L1Normals')
    total, count = L1Normals()(pred, target, valid)
    vectors = pred.double().numpy()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    error = np.abs(vectors - target.double().numpy()).sum(1) * valid.numpy()
    np.testing.assert_allclose(total.numpy(), error.sum((1, 2)), rtol=1e-5)
    assert count[0] == valid[0].sum()  # pixels, not components


def test_length_of_the_prediction_does_not_matter():
    pred, target, valid = case('L1Normals')
    short, _ = L1Normals()(pred, target, valid)
    long, _ = L1Normals()(pred * 9, target, valid)
    torch.testing.assert_close(short, long, rtol=1e-4, atol=1e-4)


def test_right_angle_is_two():
    pred = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1)
    target = torch.tensor([0, 1.0, 0]).view(1, 3, 1, 1)
    torch.testing.assert_close(L1Normals()(pred, target, torch.ones(1, 1, 1).bool())[0], torch.tensor([2.0]))
