"""Cross-entropy with soft targets."""

import torch

from mtkd.distill import PlainKD, SoftCrossEntropy

from .cases import exact, toy


def test_value_by_hand():
    student, teacher = (x[:, :, 0, 0] for x in toy())
    s, t = (student / 2).log_softmax(1), (teacher / 2).softmax(1)
    wanted = -4 * (t * s).sum(1).mean()
    assert abs(exact(SoftCrossEntropy(2.0), student, teacher)['soft_ce'] - float(wanted)) < 1e-12


def test_the_gradient_is_that_of_kl_and_the_value_differs_by_the_entropy():
    student, teacher = (x[:, :, 0, 0] for x in toy())
    gradients, values = [], []
    for loss, term in ((SoftCrossEntropy(3.0), 'soft_ce'), (PlainKD(3.0), 'kd')):
        logits = student.clone().requires_grad_()
        total, count = loss((logits / 3).log_softmax(1), (teacher / 3).log_softmax(1))[term]
        value = total.sum() / count.sum()
        value.backward()
        gradients.append(logits.grad)
        values.append(float(value.detach()))
    torch.testing.assert_close(*gradients)
    soft = (teacher / 3).softmax(1)
    assert abs(values[0] - values[1] + 9 * float((soft * soft.log()).sum(1).mean())) < 1e-12
