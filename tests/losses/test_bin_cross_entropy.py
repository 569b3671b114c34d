import numpy as np

from mtkd.losses import BinCrossEntropy

from .cases import case


def test_against_numpy():
    pred, target, valid = case('BinCrossEntropy')  # targets: none, 3.2 -> bin 3, 12 -> the last of eleven bins
    total, count = BinCrossEntropy()(pred, target, valid)
    logits = pred.double().numpy()
    log_prob = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(total.numpy(), [0, -log_prob[1, 3], -log_prob[2, 10]], rtol=1e-5)
    assert count.tolist() == [0, 1, 1]
