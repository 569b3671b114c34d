import torch

from mtkd.balance import MoCo

from .official import follow, step, toy


def test_steps_are_libmtls():
    follow('MoCo', MoCo(beta=0.5, gamma=0.1, rho=0.01))


def test_the_scale_of_the_gradients_does_not_matter():
    """The gradients are normalised, so only the loss matters."""
    directions = []
    for scale in (1.0, 1e-9):
        balance = MoCo()
        net = toy(balance)
        losses = [loss.detach() + scale * (loss - loss.detach()) for loss in net.losses()]
        balance.total(losses, {}, True).backward()
        directions.append(net.trunk[0].grad)
    torch.testing.assert_close(*directions)


def test_what_is_kept_is_saved():
    balance, again = MoCo(), MoCo()
    net, other = toy(balance), toy(again)
    step(net, balance)
    other.load_state_dict(net.state_dict())
    again.load_state_dict(balance.state_dict())
    assert step(net, balance) == step(other, again) and balance.kept.any()
