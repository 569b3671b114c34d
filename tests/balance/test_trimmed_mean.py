import pytest
import torch

from mtkd.balance import Seen, TrimmedMean

from .cases import set_up
from .official import follow


def test_steps_are_torchjds():
    follow('TrimmedMean', TrimmedMean(1))


def test_absent_tasks_are_no_zeros():
    balance = set_up(TrimmedMean(1, level='tap'), 4)
    rows = torch.tensor([[1.0, 2.0], [3.0, 8.0], [0.0, 0.0], [5.0, 3.0]])
    active = torch.tensor([True, True, False, True])
    found = balance.direction(rows, active, Seen(active.float(), active), [])[0]
    assert found.tolist() == [3, 3]
    found = balance.direction(rows, torch.tensor([True, True, False, False]), Seen(active.float(), active), [])[0]
    assert found.tolist() == [2, 5]  # with two tasks, none can be dropped


def test_few_tasks():
    with pytest.raises(ValueError, match='needs 5 tasks or more; there are 3'):
        set_up(TrimmedMean(2, level='tap'))
    with pytest.raises(ValueError, match='TrimmedMean has trim=-1'):
        TrimmedMean(-1)
