import pytest
import torch
import torch.nn.functional as F

from mtkd.distill import PlainKD
from mtkd.distill.losses import kl_divergence

from .cases import exact, random_pair, toy


def test_dense_toy():
    assert exact(PlainKD(tau=3), *toy()) == pytest.approx({'kd': 0.4733469}, abs=5e-8)


def test_is_pytorch_s():
    student, teacher, _ = random_pair()
    ours = kl_divergence(student.log_softmax(1), teacher.log_softmax(1))
    torch.testing.assert_close(ours, F.kl_div(student.log_softmax(1), teacher.softmax(1), reduction='none').sum(1))


def test_direction_is_from_the_teacher():
    log = torch.tensor([.6, .3, .1]).log(), torch.tensor([.2, .3, .5]).log()
    assert float(kl_divergence(*log, dim=0)) == pytest.approx(.2 * torch.tensor(.2 / .6).log() + .5 * torch.tensor(5.).log())


def test_underflowing_probabilities_stay_finite():
    student = torch.tensor([[0., 400.]]).requires_grad_()
    total, _ = PlainKD(tau=1)(student.log_softmax(1), torch.tensor([[400., 0.]]).log_softmax(1))['kd']
    total.sum().backward()
    assert float(total.detach()) == pytest.approx(400) and student.grad.isfinite().all()
