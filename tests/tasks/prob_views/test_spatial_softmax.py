import pytest
import torch

from mtkd.tasks.prob_views import SpatialSoftmax


def test_each_channel_sums_to_one_over_the_picture():
    out = torch.randn(2, 3, 4, 5)
    probs = SpatialSoftmax()(out, 2.0)
    torch.testing.assert_close(probs.sum((2, 3)), torch.ones(2, 3))
    expected = torch.exp(out[1, 2] / 2) / torch.exp(out[1, 2] / 2).sum()
    torch.testing.assert_close(probs[1, 2], expected)


def test_labels_are_refused():
    with pytest.raises(ValueError, match='needs a map'):
        SpatialSoftmax()(torch.zeros(2, 3))
