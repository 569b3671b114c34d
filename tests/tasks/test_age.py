import pytest
import torch

from mtkd.tasks import Age


def test_prediction_is_the_expectation_not_the_likeliest_year():
    out = torch.full((1, 101), -1e4)
    out[0, 20], out[0, 40] = 0.0, 1.0
    likely = torch.tensor(1.0).sigmoid().item()
    assert Age().predict(out).item() == pytest.approx(20 * (1 - likely) + 40 * likely, rel=1e-5)


def test_error_in_years_instead():
    out = torch.full((1, 101), -1e4)
    out[0, 20] = 0.0
    assert Age(loss='L1Expectation').losses(out, torch.tensor([23.5]))['l1'][0].item() == pytest.approx(3.5)


def test_too_few_bins():
    with pytest.raises(ValueError, match='num_bins is 1'):
        Age(num_bins=1)
