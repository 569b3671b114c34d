import pytest
import torch
from torch.nn import functional as F

from mtkd.models.heads import ConvPairHead
from mtkd.registry import HEADS

SHARED = torch.randn(2, 8, 5, 7, generator=torch.Generator().manual_seed(0))


def test_two_convolutions_and_nothing_between():
    head = HEADS.build({'type': 'ConvPairHead', 'in_channels': 8, 'out_channels': 13})
    feature = head.feature(SHARED)
    assert head.feature_channels == 8 and feature.shape == SHARED.shape and (feature < 0).any()
    wanted = F.conv2d(F.conv2d(SHARED, head.conv.weight, head.conv.bias, padding=1), head.logits.weight, head.logits.bias)
    torch.testing.assert_close(head.predict(feature), wanted)
    assert head.predict(feature).shape == (2, 13, 5, 7)


@pytest.mark.parametrize('out, params', [(13, 64 * 9 * 64 + 64 + 64 * 13 + 13), (1, 64 * 9 * 64 + 64 + 64 + 1)])
def test_parameters_by_hand(out, params):
    assert sum(p.numel() for p in ConvPairHead(64, out).parameters()) == params


def test_initialisation_is_xavier_normal():
    torch.manual_seed(0)
    head = ConvPairHead(64, 13)
    assert head.conv.weight.std().item() == pytest.approx((2 / (2 * 9 * 64)) ** 0.5, rel=0.03)
    assert not head.conv.bias.any() and not head.logits.bias.any()


def test_every_parameter_learns():
    head = ConvPairHead(8, 3)
    head.predict(head.feature(SHARED)).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())
