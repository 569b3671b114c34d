import torch
from torch import nn

from mtkd.distill.losses.counted_norm import CountedNorm

from .released import filled, leaf, weight


def pair() -> tuple[CountedNorm, nn.BatchNorm2d]:
    ours, theirs = CountedNorm(3).double(), nn.BatchNorm2d(3).double()
    for norm in (ours, theirs):
        norm.weight.data, norm.bias.data = weight((3,), 10), weight((3,), 11)
    return ours, theirs


def test_without_a_mask_it_is_batch_normalisation():
    ours, theirs = pair()
    for step in range(2):
        x, y = leaf((2, 3, 4, 5), step), leaf((2, 3, 4, 5), step)
        made, wanted = ours(x), theirs(y)
        torch.testing.assert_close(made, wanted)
        made.square().sum().backward()
        wanted.square().sum().backward()
        torch.testing.assert_close((x.grad, ours.weight.grad), (y.grad, theirs.weight.grad))
    torch.testing.assert_close(dict(ours.named_buffers()), dict(theirs.named_buffers()))
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_statistics_are_of_what_counts():
    ours, theirs = pair()
    x = filled((1, 3, 1, 6), 1)
    mask = torch.tensor([[[True, True, False, True, False, True]]])
    torch.testing.assert_close(ours(x, mask)[..., mask[0, 0]], theirs(x[..., mask[0, 0]]))
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    before = ours.running_mean.clone()
    assert ours(x, torch.zeros_like(mask)).isfinite().all() and torch.equal(ours.running_mean, before)
