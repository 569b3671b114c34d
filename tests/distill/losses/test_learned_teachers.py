import pytest
import torch

from mtkd.distill import PlainKD
from mtkd.distill.losses import LearnedTeachers

from .official import LABELS, TEACHERS, evaluate, scores


def made() -> LearnedTeachers:
    loss = LearnedTeachers()
    loss.setup([5], [5, 5, 5])
    return loss.double()


def test_the_mixture_is_compared_and_judged():
    """θ = ln (.5, .3, .2)."""
    loss, weights = made(), torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    loss.theta.data = weights.log()
    mixed = sum(w * (t / 4).softmax(1) for w, t in zip(weights, TEACHERS, strict=True))
    values = evaluate(loss, scores())
    wanted = PlainKD(tau=4.0)((scores() / 4).log_softmax(1), mixed.log())['kd'][0].mean()
    torch.testing.assert_close(values['kd_mixture'], wanted)
    judged = sum(w * t.softmax(1) for w, t in zip(weights, TEACHERS, strict=True))
    torch.testing.assert_close(values['mixture_ce'], -judged.gather(1, LABELS[:, None]).log().mean())


def test_each_term_trains_its_own_part():
    loss, student = made(), scores()
    values = evaluate(loss, student)
    assert torch.autograd.grad(values['kd_mixture'], loss.theta, allow_unused=True, retain_graph=True) == (None,)
    assert torch.autograd.grad(values['mixture_ce'], student, allow_unused=True, retain_graph=True) == (None,)
    values['mixture_ce'].backward()
    assert loss.theta.grad.any()


def test_the_teacher_that_is_right_gets_the_weight():
    loss = LearnedTeachers()
    loss.setup([3], [3, 3])
    target = torch.tensor([0, 1, 2])
    right, wrong = torch.eye(3) * 3, torch.eye(3).roll(1, 0) * 3
    optimiser = torch.optim.SGD(loss.parameters(), lr=1.0)
    for _ in range(60):
        total, count = loss(torch.zeros(3, 3), (wrong.log_softmax(1), right.log_softmax(1)), target=target)['mixture_ce']
        optimiser.zero_grad()
        (total.sum() / count.sum()).backward()
        optimiser.step()
    assert loss.theta.softmax(0)[1].item() == pytest.approx(1, abs=0.1)
