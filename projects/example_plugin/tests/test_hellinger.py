import math

import pytest
import torch
from mtkd.registry import DISTILL_LOSSES

from mtkd_example_plugin import Hellinger

STUDENT, TEACHER = torch.tensor([0.5, 0.5]), torch.tensor([0.9, 0.1])


def maps(distribution, size=(2, 3)):
    """(K,) -> (1, K, h, w) logarithms."""
    return distribution.log().view(1, -1, 1, 1).expand(1, -1, *size)


def test_the_registry_knows_it():
    assert isinstance(DISTILL_LOSSES.build({'type': 'Hellinger', 'tau': 2.0}), Hellinger)


def test_value_by_hand():
    total, count = Hellinger()(maps(STUDENT), maps(TEACHER))['hellinger']
    expected = 1 - (math.sqrt(0.45) + math.sqrt(0.05))
    assert count.item() == 6 and total.item() == pytest.approx(6 * expected, rel=1e-5)


def test_zero_when_equal_and_symmetric():
    same = Hellinger()(maps(TEACHER), maps(TEACHER))['hellinger'][0]
    there, back = (Hellinger()(maps(a), maps(b))['hellinger'][0] for a, b in ((STUDENT, TEACHER), (TEACHER, STUDENT)))
    assert abs(same.item()) < 1e-5 and torch.equal(there, back)


def test_pixels_outside_the_mask_do_not_count():
    student = maps(STUDENT).clone().requires_grad_()
    mask = torch.tensor([[[True, False, False], [False, False, True]]])
    total, count = Hellinger()(student, maps(TEACHER), mask)['hellinger']
    total.sum().backward()
    assert count.item() == 2 and torch.equal((student.grad != 0).any(1), mask)


def test_gradient_is_finite_where_a_class_is_impossible():
    logits = torch.tensor([[[[200.0]], [[-200.0]]]], requires_grad=True)
    Hellinger()(logits.log_softmax(1), maps(TEACHER, (1, 1)))['hellinger'][0].sum().backward()
    assert logits.grad.isfinite().all()


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match='positive temperature'):
        Hellinger(tau=0)
