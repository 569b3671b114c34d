import pytest
import torch
from torch import nn

from mtkd.balance import GradDrop

from .official import NUMBERS, toy


class Tapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.ParameterList([torch.ones(1)])
        self.tap_specs = {'shared': None}


def test_a_tap_of_libmtls(monkeypatch):
    balance = GradDrop(leak=0.2)
    net = Tapped()
    balance.setup({'a': 1.0, 'b': 1.0, 'c': 1.0}, net)
    tap = torch.cos(torch.arange(24.0)).reshape(4, 6) * net.trunk[0]
    monkeypatch.setattr(balance, 'uniform', lambda like: ((torch.arange(6.0) * 0.37) % 1).view(like.shape))
    losses = [(tap * torch.sin(1.3 * torch.arange(24.0) + t).reshape(4, 6)).sum() + 10 for t in range(3)]
    gradient, = torch.autograd.grad(balance.total(losses, {'shared': tap}), tap)
    assert gradient.flatten().tolist() == pytest.approx(NUMBERS['GradDrop'][0]['tap'], rel=1e-5, abs=1e-6)


def test_one_sign_an_entry_at_the_parameters():
    balance = GradDrop(level='params', seed=1)
    net = toy(balance)
    rows = [torch.autograd.grad(loss, net.trunk[0])[0] for loss in net.losses()]
    balance.total(net.losses(), {}, True).backward()
    signs = torch.stack(rows)
    positive, negative = signs.clamp_min(0).sum(0), signs.clamp_max(0).sum(0)
    found = net.trunk[0].grad
    assert all(torch.isclose(found[i], positive[i]) or torch.isclose(found[i], negative[i]) for i in range(len(found)))


def test_draws_depend_on_seed_and_step_alone():
    first, again = GradDrop(seed=1), GradDrop(seed=1)
    like = torch.zeros(5)
    drawn = first.uniform(like), first.uniform(like)
    assert not torch.equal(*drawn)
    again.load_state_dict({'step': torch.tensor(1)})
    assert torch.equal(again.uniform(like), drawn[1])
    with pytest.raises(ValueError, match='GradDrop has leak=2; give 0 to 1'):
        GradDrop(leak=2)
