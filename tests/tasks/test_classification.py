import pytest
import torch

from mtkd.tasks import Classification


def test_prediction_is_the_distribution_over_classes():
    out = torch.randn(3, 6)
    torch.testing.assert_close(Classification(6).predict(out), out.softmax(1))


def test_other_metric():
    assert Classification(8, metric='AgeGroupAccuracy').metric().primary == 'exact'


def test_missing_labels_count_nothing():
    total, count = Classification(6).losses(torch.randn(2, 6), torch.tensor([-1, 2]))['ce']
    assert total[0] == 0 and count.tolist() == [0, 1]


def test_too_few_classes():
    with pytest.raises(ValueError, match='num_classes is 1'):
        Classification(1)
