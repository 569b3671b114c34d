import torch

from mtkd.deploy.rounding import nudged


def test_weights_move_in_the_last_bit_and_the_network_stays():
    net = torch.nn.Linear(40, 50)
    before = net.weight.detach().clone()
    moved = nudged(net, seed=1)
    assert torch.equal(net.weight, before)
    off = (moved.weight / net.weight - 1).abs()
    assert 0.5 < (off > 0).float().mean() < 0.8 and off.max() <= 4 * torch.finfo(torch.float32).eps
    assert torch.equal(nudged(net, seed=1).weight, moved.weight)
