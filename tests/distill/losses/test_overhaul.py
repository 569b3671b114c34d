import pytest
import torch
from torch import nn

from mtkd.distill.losses import OFD
from mtkd.distill.losses.overhaul import margin_of_norm

from .released import check, filled, leaf, mean, weight


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(7)
        self.bn.weight.data, self.bn.bias.data = filled((7,), 20), 2 * filled((7,), 21)
        self.conv = nn.Conv2d(7, 7, 1)


def test_official_numbers():
    loss = OFD(norm='bn')
    loss.setup([5], [7])
    loss.double().inspect([Net()])
    for j, part in enumerate((loss.connector.weight, loss.connector_norm.weight, loss.connector_norm.bias)):
        part.data = weight(part.shape, 10 + j)
    student = leaf((3, 5, 4, 3), 1)
    value = mean(loss(student, filled((3, 7, 4, 3), 2))['ofd'])
    value.backward()
    check('ofd', [value], [student.grad, loss.connector.weight.grad, loss.margin], 1e-6)  # their margins are float32


def test_margins_of_a_gaussian_are_estimated_from_what_is_seen():
    net = Net()
    generator = torch.Generator().manual_seed(0)
    seen = torch.randn(60, 7, 40, 40, generator=generator) * net.bn.weight[:, None, None].abs() + net.bn.bias[:, None, None]
    loss = OFD()
    loss.setup([7], [7])
    for half in seen.float().split(30):
        loss(torch.zeros_like(half), half)
    wanted, common = margin_of_norm(net.bn), (seen < 0).float().mean((0, 2, 3)) > 0.01
    assert common.sum() >= 4
    torch.testing.assert_close(loss.margin[common], wanted.float()[common].detach(), rtol=0.05, atol=0)


def test_a_module_that_is_no_norm_is_refused():
    for path, words in (('norm', "no module 'norm'"), ('conv', 'a Conv2d without a weight and bias')):
        loss = OFD(norm=path)
        loss.setup([5], [7])
        with pytest.raises(ValueError, match=words):
            loss.inspect([Net()])
