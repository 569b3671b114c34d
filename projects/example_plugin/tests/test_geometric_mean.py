import pytest
import torch
from mtkd.registry import BALANCES


def balance():
    made = BALANCES.build({'type': 'GeometricMean'})
    made.setup({'a': 1.0, 'b': 1.0})
    return made


def total(a, b):
    return balance()({'a/x': torch.as_tensor(a), 'b/x': torch.as_tensor(b)}, {}, {}, {})


def test_the_mean_and_its_gradient():
    a, b = torch.tensor(2.0, requires_grad=True), torch.tensor(8.0, requires_grad=True)
    value = total(a, b)
    value.backward()
    assert value.item() == pytest.approx(4.0)
    assert a.grad.item() == pytest.approx(4 * b.grad.item()), "'the gradient of each loss is proportional to 1 / loss'"


def test_an_absent_task_is_left_out():
    assert total(2.0, 0.0).item() == pytest.approx(2.0)
    assert total(0.0, 0.0).item() == 0
