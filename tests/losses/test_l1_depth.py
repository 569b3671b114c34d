import numpy as np
import torch

from mtkd.losses import L1Depth

from .cases import case


def test_against_numpy():
    pred, target, valid = case('L1Depth')
    total, _ = L1Depth()(pred, target, valid)
    error = np.abs(pred.double().numpy() - target.double().numpy())[:, 0] * valid.numpy()
    np.testing.assert_allclose(total.numpy(), error.sum((1, 2)), rtol=1e-5)


def test_equal_is_zero():
    _, target, valid = case('L1Depth')
    assert torch.equal(L1Depth()(target, target, valid)[0], torch.zeros(3))
