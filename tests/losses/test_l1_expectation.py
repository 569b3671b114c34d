import numpy as np

from mtkd.losses import L1Expectation

from .cases import case


def test_against_numpy():
    pred, target, valid = case('L1Expectation')
    total, count = L1Expectation()(pred, target, valid)
    prob = np.exp(pred.double().numpy())
    prob /= prob.sum(1, keepdims=True)
    error = np.abs(prob @ np.arange(11) - target.double().numpy())
    np.testing.assert_allclose(total.numpy(), [0, *error[1:]], rtol=1e-5)
    assert count.tolist() == [0, 1, 1]
