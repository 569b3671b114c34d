import pytest
import torch

from mtkd.balance import DWA, Seen
from mtkd.balance.dwa import averaged_weights


def step(balance, *values):
    losses = torch.tensor(values, requires_grad=True)
    balance.combine(losses, Seen(losses.detach(), losses.detach() != 0)).backward()
    return losses.grad.tolist()


def test_the_fact_sheets_weights():
    assert averaged_weights(torch.tensor([1.0, 0.5]), 2.0).tolist() == pytest.approx([1.124353, 0.875647], abs=1e-6)


def test_epochs_make_the_weights():
    balance = DWA()
    balance.setup({'a': 1.0, 'b': 1.0})
    for means in ((4.0, 8.0), (4.0, 4.0)):
        assert step(balance, means[0] - 1, means[1] + 2) == [1, 1]
        assert step(balance, means[0] + 1, means[1] - 2) == [1, 1]
        balance.end_epoch()
    assert step(balance, 1.0, 1.0) == pytest.approx([1.124353, 0.875647], abs=1e-6)


def test_steps_and_epochs_without_a_task_do_not_count():
    balance = DWA()
    balance.setup({'a': 1.0, 'b': 1.0})
    step(balance, 4.0, 0.0)
    step(balance, 4.0, 8.0)
    balance.end_epoch()
    assert balance.last.tolist() == [4, 8]
    assert step(balance, 2.0, 0.0)[1] == 0
    balance.end_epoch()
    assert balance.last.tolist() == [2, 8] and balance.before_last.tolist() == [4, 0]


def test_a_temperature_is_positive():
    with pytest.raises(ValueError, match=r'DWA has tau=0; give a number above 0'):
        DWA(tau=0)
