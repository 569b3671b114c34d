import math

import pytest
import torch

from mtkd.balance import Seen, Uncertainty


def made(**kwargs):
    balance = Uncertainty(**kwargs)
    balance.setup({'a': 1.0, 'b': 1.0})
    return balance


def test_the_fact_sheets_value_and_the_gradient_of_s():
    balance = made()
    total = balance.combine(torch.tensor([1.0, 2.0]))
    assert total.item() == pytest.approx(1.973082, abs=1e-6)
    total.backward()
    assert balance.log_variance.grad.tolist() == pytest.approx([0.5 - 0.5 * math.exp(0.5), 0.5 - math.exp(0.5)])


def test_kendalls_form():
    balance = made(form='kendall', kinds={'a': 'regression', 'b': 'classification'}, init=0.3)
    total = balance.combine(torch.tensor([1.0, 2.0]))
    assert total.item() == pytest.approx(math.exp(-0.3) * (0.5 + 2) + 0.3)


def test_an_absent_task_adds_no_s():
    balance = made()
    total = balance.combine(torch.tensor([1.0, 0.0]), Seen(torch.tensor([1.0, 0.0]), torch.tensor([True, False])))
    assert total.item() == pytest.approx(0.5 * math.exp(0.5) - 0.25)
    total.backward()
    assert balance.log_variance.grad[1] == 0


def test_kinds_must_fit():
    with pytest.raises(ValueError, match="no form='log'; choose 'mtan' or 'kendall'"):
        Uncertainty('log')
    for kwargs in ({'form': 'kendall'}, {'kinds': {'a': 'regression'}}):
        with pytest.raises(ValueError, match="if and only if form='kendall'"):
            Uncertainty(**kwargs)
    for kinds in ({'a': 'regression'}, {'a': 'regression', 'b': 'ranking'}, {'a': 'regression', 'c': 'regression'}):
        with pytest.raises(ValueError, match='must give each of a, b one of regression, classification'):
            made(form='kendall', kinds=kinds)
