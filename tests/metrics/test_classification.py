import numpy as np
import pytest
import torch

from mtkd.metrics import Accuracy


def score(metric, pred, label):
    return metric.summarise(torch.stack([metric.record(p, y) for p, y in zip(pred, label, strict=True)]))


def test_against_numpy():
    rng = np.random.default_rng(0)
    label = rng.choice(8, 200, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02, 0])
    scores = rng.random((200, 8))
    scores[np.arange(200), label] += 0.4
    order = np.argsort(-scores, 1)
    first, five = order[:, 0] == label, (order[:, :5] == label[:, None]).any(1)
    balanced = np.mean([first[label == c].mean() for c in np.unique(label)])
    numbers = score(Accuracy(8), torch.from_numpy(scores), torch.from_numpy(label))
    assert numbers == pytest.approx({'top1': first.mean() * 100, 'top5': five.mean() * 100,
                                     'balanced': balanced * 100})


def test_a_constant_output_is_not_right():
    numbers = score(Accuracy(10), torch.zeros(10, 10), torch.arange(10))
    assert numbers == pytest.approx({'top1': 10, 'top5': 50, 'balanced': 10})


def test_scores_that_are_nan_leave_no_number():
    scores = torch.rand(10, 10, generator=torch.Generator().manual_seed(0))
    scores[3, 7] = float('nan')
    assert all(number != number for number in score(Accuracy(10), scores, torch.arange(10)).values())


def test_few_classes_have_no_top5():
    assert list(Accuracy(5).names) == ['top1', 'balanced']


@pytest.mark.parametrize('pred, label', [(torch.zeros(4), 4), (torch.zeros(5), 1)])
def test_what_does_not_fit_is_said(pred, label):
    with pytest.raises(ValueError, match='num_classes=4'):
        Accuracy(4).record(pred, torch.tensor(label))
