import pytest
import torch

from mtkd.balance import WeightedSum
from mtkd.registry import BALANCES


def test_alpha_weighs_the_tasks_and_not_the_distiller():
    made = BALANCES.build({'type': 'WeightedSum', 'alpha': 0.25})
    made.setup({'semseg': 1.0, 'normals': 10.0})
    total = made({'semseg/ce': torch.tensor(2.0), 'normals/l1': torch.tensor(0.3)}, {'semseg/cs': torch.tensor(0.5)},
                 {'semseg/cs': 8.0}, {})
    assert total.item() == pytest.approx(0.25 * (2 + 10 * 0.3) + 8 * 0.5)


def test_include_all_puts_the_distiller_under_alpha():
    made = WeightedSum(alpha=0.25, include='all')
    made.setup({'semseg': 1.0})
    total = made({'semseg/ce': torch.tensor(2.0)}, {'semseg/cs': torch.tensor(0.5)}, {'semseg/cs': 8.0}, {})
    assert total.item() == pytest.approx(0.25 * (2 + 8 * 0.5))


def test_combine():
    losses = torch.tensor([1.0, 2.0], requires_grad=True)
    WeightedSum(alpha=3).combine(losses).backward()
    assert losses.grad.tolist() == [3, 3]
