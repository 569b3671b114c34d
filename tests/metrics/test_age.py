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
    records = [metric.record(torch.eye(8)[p], torch.tensor(y)) for p, y in ((0, 0), (3, 4), (2, 5), (1, -1), (4, 4))]
    numbers = metric.summarise(torch.stack(records))
    assert numbers == pytest.approx({'exact': 50, 'one_off': 75, 'balanced': 50})  # groups 0: 1/1, 4: 1/2, 5: 0/1


def test_no_labelled_group_is_no_number():
    metric = AgeGroupAccuracy()
    numbers = metric.summarise(metric.record(torch.eye(8)[0], torch.tensor(-1))[None])
    assert all(value != value for value in numbers.values())


def test_a_group_without_a_score_is_refused():
    with pytest.raises(ValueError, match='there are 8 scores, but the label is group 8'):
        AgeGroupAccuracy().record(torch.eye(8)[0], torch.tensor(8))
