import numpy as np
import pytest
import torch

from mtkd.losses import BalancedCrossEntropy, balanced_cross_entropy

from .cases import case


def test_against_numpy():
    pred, target, valid = case('BalancedCrossEntropy')
    total, count = BalancedCrossEntropy()(pred, target, valid)
    logits, label, mask = pred.double().numpy(), target.numpy(), valid.numpy()
    negatives = (label[mask] == 0).mean()
    difference = logits[:, 1] - logits[:, 0]
    values = np.where(label == 1, negatives * np.log1p(np.exp(-difference)),
                      (1 - negatives) * np.log1p(np.exp(difference)))
    np.testing.assert_allclose(total.numpy(), (values * mask).sum((1, 2)), rtol=1e-5)
    assert count.sum() == mask.sum()


def test_the_rare_class_weighs_as_much_as_the_frequent_one():
    target = torch.zeros(1, 1, 10, dtype=torch.uint8)
    target[..., 0] = 1
    pred = torch.zeros(1, 2, 1, 10, requires_grad=True)
    total, _ = BalancedCrossEntropy()(pred, target, torch.ones_like(target, dtype=torch.bool))
    total.sum().backward()
    positive, negative = pred.grad[0, 1, 0, 0].abs(), pred.grad[0, 1, 0, 1:].abs().sum()
    torch.testing.assert_close(positive, negative)


def test_two_ranks_with_half_a_batch_each_give_what_one_gives(monkeypatch):
    pred, target, valid = case('BalancedCrossEntropy')
    whole, _ = BalancedCrossEntropy()(pred, target, valid)
    shares = [slice(0, 1), slice(1, 3)]
    counts = torch.zeros(2)
    monkeypatch.setattr(balanced_cross_entropy, 'all_sum', lambda c: counts.add_(c))
    for share in shares:
        BalancedCrossEntropy()(pred[share], target[share], valid[share])
    monkeypatch.setattr(balanced_cross_entropy, 'all_sum', lambda c: counts)
    parts = [BalancedCrossEntropy()(pred[share], target[share], valid[share])[0] for share in shares]
    torch.testing.assert_close(torch.cat(parts), whole)


def test_one_class_only_is_zero():
    target = torch.ones(1, 2, 2, dtype=torch.uint8)
    total, count = BalancedCrossEntropy()(torch.randn(1, 2, 2, 2), target, target == 1)
    assert total == 0 and count == 4


def test_wrong_number_of_channels():
    with pytest.raises(ValueError, match=r'2 channels.*got 3'):
        BalancedCrossEntropy()(torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2), torch.ones(1, 2, 2).bool())
