import pytest
import torch

from mtkd.tasks.prob_views import Positive


def test_positive_part():
    out = torch.tensor([-1.0, 0.0, 3.0]).view(1, 1, 1, 3)
    assert Positive()(out, 5.0).flatten().tolist() == [0, 0, 3]


def test_has_no_log_probs():
    with pytest.raises(ValueError, match='no log-probabilities'):
        Positive().log_probs(torch.ones(1, 1, 2, 2))
