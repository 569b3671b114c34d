import math

import pytest
import torch

from mtkd.balance import DTP, Seen
from mtkd.balance.dtp import priorities


def step(balance, *values):
    losses = torch.tensor(values, requires_grad=True)
    balance.combine(losses, Seen(losses.detach(), losses.detach() != 0)).backward()
    return losses.grad.tolist()


def made(**kwargs):
    balance = DTP(**kwargs)
    balance.setup({'a': 1.0, 'b': 1.0})
    return balance


def weight(kpi, gamma=1.0):
    return -(1 - kpi) ** gamma * math.log(kpi)


def test_hard_tasks_come_first():
    found = priorities(torch.tensor([0.9, 0.5, 0.1, 1.0]), 1.0)
    assert found.tolist() == pytest.approx([weight(0.9), weight(0.5), weight(0.1), 0.0], abs=1e-6)
    assert priorities(torch.tensor([0.5]), 2.0).item() == pytest.approx(weight(0.5, 2.0))
    assert priorities(torch.tensor([0.0]), 1.0).isfinite()


def test_losses_of_an_epoch_as_kpis():
    balance = made()
    assert balance.hears == {'epoch'}
    assert step(balance, 1.0, 3.0) == [1, 1] and step(balance, 3.0, 0.0) == [1, 0]
    balance.end_epoch()
    first = [math.exp(-2.0), math.exp(-3.0)]
    assert step(balance, 1.0, 1.0) == pytest.approx([weight(k) for k in first], rel=1e-5)
    balance.end_epoch()
    mixed = [0.9 * k + 0.1 * math.exp(-1.0) for k in first]
    assert balance.average.tolist() == pytest.approx(mixed)
    assert step(balance, 0.0, 1.0) == pytest.approx([0, weight(mixed[1])], rel=1e-5)
    balance.end_epoch()
    assert balance.average[0].item() == pytest.approx(mixed[0])


def test_metrics_of_a_validation_as_kpis():
    balance = made(kpi='validation', metrics={'a': ('mIoU', 'percent'), 'b': ('rmse', 'error')}, momentum=0.5)
    assert balance.hears == {'validation'}
    balance.end_epoch()
    balance.validated({'a/mIoU': 40.0, 'b/rmse': 0.5, 'b/absErr': 9.0})
    assert balance.average.tolist() == pytest.approx([0.4, math.exp(-0.5)])
    balance.validated({'a/mIoU': 60.0, 'b/rmse': float('nan')})
    assert balance.average.tolist() == pytest.approx([0.5, math.exp(-0.5)])
    with pytest.raises(ValueError, match="DTP needs the metric 'b/rmse', but the validation reports a/mIoU"):
        balance.validated({'a/mIoU': 60.0})


def test_what_does_not_fit():
    for kwargs, sentence in (({'kpi': 'train'}, "no kpi='train'"), ({'kpi': 'validation'}, 'DTP needs metrics'),
                             ({'metrics': {}}, 'DTP needs metrics'), ({'momentum': 1.0}, 'momentum=1.0')):
        with pytest.raises(ValueError, match=sentence):
            DTP(**kwargs)
    for metrics in ({'a': ('x', 'percent')}, {'a': ('x', 'percent'), 'b': ('x', 'metres')}):
        with pytest.raises(ValueError, match=r'must give each of a, b a pair \(metric, form\)'):
            made(kpi='validation', metrics=metrics)
