import torch

from mtkd.tasks.prob_views import Naive


def test_one_channel_is_the_constant_one_with_zero_gradient():
    out = torch.randn(2, 1, 3, 3, requires_grad=True)
    probs = Naive()(out, 3.0)
    assert (probs == 1).all()
    probs.square().sum().backward()
    assert (out.grad == 0).all()
