import pytest
import torch

from mtkd.metrics import AgeError, AgeGroupAccuracy


def test_mean_absolute_error_of_labelled_samples():
    metric = AgeError()
    records = [metric.record(torch.tensor(p), torch.tensor(y)) for p, y in
               ((30.0, 33.0), (10.0, 5.0), (70.0, float('nan')))]
    assert metric.summarise(torch.stack(records)) == {'MAE': 4}


def test_groups_exact_and_one_off():
    metric = AgeGroupAccuracy()
    records = [metric.record(torch.eye(8)[p], torch.tensor(y)) for p, y in ((0, 0), (3, 4), (2, 5), (1, -1))]
    numbers = metric.summarise(torch.stack(records))
    assert numbers == pytest.approx({'exact': 100 / 3, 'one_off': 200 / 3})
