import math

import pytest
import torch

from mtkd.distill.losses import ScaledRegression


def made(**options) -> ScaledRegression:
    loss = ScaledRegression(**options).double()
    loss.setup([2], [2])
    return loss.double()


def value(loss, student, teacher):
    total, count = loss(student, teacher)['scaled']
    return (total.sum() / count.sum()).item()


STUDENT = torch.tensor([[1.0, 4.0], [2.0, 8.0]], dtype=torch.float64)
TEACHER = torch.tensor([[2.0, 4.0], [2.0, 5.0]], dtype=torch.float64)


def test_negative_log_likelihoods():
    """Distances 1, 0 and 0, 3, b = 2: (1/2 + 2 ln 2 + 3/2 + 2 ln 2) / 2 and (1/8 + 9/8 + 4 ln 2) / 2."""
    assert value(made(init=2.0), STUDENT, TEACHER) == pytest.approx(1 + 2 * math.log(2))
    assert value(made(init=2.0, shape='gauss'), STUDENT, TEACHER) == pytest.approx(10 / 16 + 2 * math.log(2))
    logs = (abs(math.log(1 / 2)) + abs(math.log(8 / 5))) / 2
    assert value(made(log=True), STUDENT, TEACHER) == pytest.approx(logs)
    assert value(made(log=True, floor=4.5), STUDENT, TEACHER) == pytest.approx(math.log(8 / 5) / 2)


@pytest.mark.parametrize(('shape', 'wanted'), [('laplace', (1.0, 3.0)), ('gauss', (1.0, 3.0))])
def test_the_scale_settles_at_the_typical_distance(shape, wanted):
    loss = made(shape=shape)
    teacher = torch.tensor([[0.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    student = torch.tensor([[1.0, 3.0], [-1.0, -3.0]], dtype=torch.float64)
    optimiser = torch.optim.Adam(loss.parameters(), lr=0.05)
    for _ in range(400):
        optimiser.zero_grad()
        total, count = loss(student, teacher)['scaled']
        (total.sum() / count.sum()).backward()
        optimiser.step()
    assert loss.log_scale.exp().tolist() == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize('options', [{'shape': 'cauchy'}, {'floor': 0.0}, {'init': -1.0}])
def test_what_cannot_be_is_refused(options):
    with pytest.raises(ValueError, match='ScaledRegression'):
        ScaledRegression(**options)
