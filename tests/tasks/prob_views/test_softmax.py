import pytest
import torch

from mtkd.tasks.prob_views import Softmax


def test_of_maps_and_of_labels():
    logits = torch.tensor([[1.0, 2.0, 4.0]])
    expected = torch.exp(logits / 2) / torch.exp(logits / 2).sum()
    torch.testing.assert_close(Softmax()(logits, 2.0), expected)
    torch.testing.assert_close(Softmax()(logits.view(1, 3, 1, 1), 2.0).flatten(), expected.flatten())


def test_one_channel_is_refused():
    with pytest.raises(ValueError, match=r"'softmax' does not fit an output of 1 channel.*sigmoid_pair"):
        Softmax()(torch.zeros(1, 1, 2, 2))
