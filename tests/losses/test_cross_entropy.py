import numpy as np
import pytest
import torch

from mtkd.losses import CrossEntropy

from .cases import case


def log_softmax(logits):
    shifted = logits - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_against_numpy(smoothing):
    pred, target, valid = case('CrossEntropy')
    total, _ = CrossEntropy(smoothing)(pred, target, valid)
    log_prob = log_softmax(pred.double().numpy())
    expected = []
    for b in range(len(target)):
        value = 0.0
        for y, x in valid[b].nonzero().tolist():
            value -= (1 - smoothing) * log_prob[b, int(target[b, y, x]), y, x] + smoothing * log_prob[b, :, y, x].mean()
        expected.append(value)
    np.testing.assert_allclose(total.numpy(), expected, rtol=1e-5)


def test_class_labels():
    logits, label = torch.tensor([[2.0, 0.0, -1.0], [0.0, 0.0, 0.0]]), torch.tensor([1, -1])
    total, count = CrossEntropy()(logits, label, label >= 0)
    np.testing.assert_allclose(total.numpy(), [-log_softmax(logits.double().numpy())[0, 1], 0], rtol=1e-6)
    assert count.tolist() == [1, 0]


def test_smoothing_out_of_range():
    with pytest.raises(ValueError, match=r'label_smoothing is 1\.0'):
        CrossEntropy(1.0)
