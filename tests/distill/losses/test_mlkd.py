import pytest
import torch

from mtkd.distill.losses import MLKD

from .official import NUMBERS, TEACHERS, check, evaluate, scores


@pytest.mark.parametrize('tau', [4.0, 2.0])
def test_official_values_and_gradients(tau):
    for term, name in (('mlkd_instance', 'kd'), ('mlkd_batch', 'bc'), ('mlkd_class', 'cc')):
        check(MLKD((tau,)), f'mlkd_{name}_{tau}', term)


def test_temperatures_add_up():
    values = evaluate(MLKD((4.0, 2.0)), scores())
    for term, name in (('mlkd_instance', 'kd'), ('mlkd_batch', 'bc'), ('mlkd_class', 'cc')):
        assert values[term].item() == pytest.approx(NUMBERS[f'mlkd_{name}_4.0'][0] + NUMBERS[f'mlkd_{name}_2.0'][0])


def test_rows_make_the_size_of_the_batch_irrelevant():
    student, teacher = scores().detach().log_softmax(1), TEACHERS[0].log_softmax(1)
    for rows, alike in ((16, True), (None, False)):
        loss = MLKD((2.0,), rows=rows)
        once, twice = loss(student, teacher), loss(student.repeat(2, 1), teacher.repeat(2, 1))
        for term in ('mlkd_batch', 'mlkd_class'):
            assert torch.isclose(once[term], twice[term]) == alike


def test_temperatures_are_positive():
    with pytest.raises(ValueError, match='temperatures'):
        MLKD(())
