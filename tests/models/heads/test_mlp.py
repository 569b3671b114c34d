import torch
from torch.nn import functional as F

from mtkd.models.heads import MLPHead
from mtkd.registry import HEADS

SHARED = torch.randn(4, 50, generator=torch.Generator().manual_seed(0))


def test_layers_by_hand():
    head = HEADS.build({'type': 'MLPHead', 'in_channels': 50, 'out_channels': 1623}).eval()
    first, last = head.hidden[0], head.logits
    assert first.weight.shape == (50, 50) and last.weight.shape == (1623, 50)
    feature = head.feature(SHARED)
    torch.testing.assert_close(feature, F.linear(SHARED, first.weight, first.bias).clamp_min(0))
    torch.testing.assert_close(head.predict(feature), F.linear(feature, last.weight, last.bias))
    assert head.feature_channels == 50 and head.predict(feature).shape == (4, 1623)


def test_dropout_is_of_the_feature_and_only_in_training():
    head = MLPHead(50, 10, channels=30)
    feature = torch.ones(4, 30)
    assert not torch.equal(head.predict(feature), head.predict(feature))
    assert torch.equal(head.feature(SHARED), head.feature(SHARED))
    assert torch.equal(head.eval().predict(feature), head.logits(feature))


def test_every_parameter_learns():
    head = MLPHead(50, 10)
    head.predict(head.feature(SHARED)).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())
