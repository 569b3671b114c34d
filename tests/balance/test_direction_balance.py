import pytest
import torch

from mtkd.balance import DirectionBalance, MoCo
from mtkd.balance.direction_balance import RememberingBalance

from .official import toy


class First(DirectionBalance):
    """The gradient of the first task for the shared parameters; heads are trained with twice their gradient."""

    def direction(self, rows, active, seen, at):
        return rows[0], 2.0 * active


def test_the_direction_goes_to_what_is_shared_and_factors_to_heads():
    balance = First()
    net = toy(balance)
    expected = [torch.autograd.grad(loss, [net.trunk[0], net.heads[t]]) for t, loss in enumerate(net.losses())]
    total = balance.total(net.losses(), {}, True)
    torch.testing.assert_close(total.detach(), sum(net.losses()).detach())
    total.backward()
    torch.testing.assert_close(net.trunk[0].grad, expected[0][0])
    for t in range(3):
        torch.testing.assert_close(net.heads[t].grad, 2 * expected[t][1])


def test_a_gradient_that_is_nan_shows():
    balance = MoCo()
    net = toy(balance)
    losses = net.losses()
    balance.total([losses[0] * torch.nan, *losses[1:]], {}, True).backward()
    assert net.trunk[0].grad.isnan().all()


def test_what_is_kept_belongs_to_parameters():
    net = torch.nn.ModuleDict({'trunk': torch.nn.ParameterList([torch.ones(2), torch.ones(3), torch.ones(1)])})
    balance = RememberingBalance()
    balance.setup({'a': 1.0, 'b': 1.0}, net)
    first, second, third = net['trunk']
    balance.keep([first, second, third], torch.arange(12.0).view(2, 6))
    assert balance.recall([first, third]).tolist() == [[0, 1, 5], [6, 7, 11]]
    balance.keep([second], -torch.ones(2, 3))
    assert balance.kept.tolist() == [[0, 1, -1, -1, -1, 5], [6, 7, -1, -1, -1, 11]]


def test_what_is_refused():
    with pytest.raises(ValueError, match="MoCo has no level='tap'; choose params"):
        MoCo(level='tap')
    with pytest.raises(TypeError, match='DirectionBalance does not implement direction'):
        DirectionBalance().direction(torch.ones(2, 2), torch.ones(2), None, [])
