import pytest
import torch

from mtkd.tasks.prob_views import SigmoidPair


def test_pair_of_yes_and_no():
    logit = torch.tensor([-2.0, 0.0, 5.0]).view(1, 1, 1, 3)
    probs = SigmoidPair()(logit, 2.0)
    torch.testing.assert_close(probs[:, :1], torch.sigmoid(logit / 2))
    torch.testing.assert_close(probs[:, 1:], 1 - torch.sigmoid(logit / 2))


def test_log_probs_do_not_underflow():
    log_probs = SigmoidPair().log_probs(torch.full((1, 1, 1, 1), -500.0))
    torch.testing.assert_close(log_probs.flatten(), torch.tensor([-500.0, 0.0]))


def test_two_channels_are_refused():
    with pytest.raises(ValueError, match="'sigmoid_pair' does not fit an output of 2"):
        SigmoidPair()(torch.zeros(1, 2, 2, 2))
