import pytest
import torch
from torch import nn

from mtkd.models.heads import FCNHead
from mtkd.registry import HEADS

SHARED = torch.randn(2, 270, 5, 7, generator=torch.Generator().manual_seed(0))


def test_shapes():
    head = HEADS.build({'type': 'FCNHead', 'in_channels': 270, 'out_channels': 40})
    feature = head.feature(SHARED)
    assert head.feature_channels == 67 and feature.shape == (2, 67, 5, 7) and (feature >= 0).all()
    assert head.predict(feature).shape == (2, 40, 5, 7)


@pytest.mark.parametrize('channels, out, params', [(67, 40, 270 * 9 * 67 + 2 * 67 + 67 * 40 + 40),
                                                   (96, 1, 270 * 9 * 96 + 2 * 96 + 96 + 1)])
def test_parameters_by_hand(channels, out, params):
    """A 3x3 convolution without bias, a norm, a 1x1 convolution with one."""
    assert sum(p.numel() for p in FCNHead(270, out, channels).parameters()) == params


def test_group_norm_does_not_look_at_the_batch():
    head = FCNHead(270, 3, norm='group')
    assert not any(isinstance(part, nn.BatchNorm2d) for part in head.modules())
    assert not list(head.buffers())
    torch.testing.assert_close(head.feature(SHARED)[:1], head.feature(SHARED[:1]))
    batch_norm = FCNHead(270, 3)
    assert not torch.allclose(batch_norm.feature(SHARED)[:1], batch_norm.feature(SHARED[:1]))


@pytest.mark.parametrize('channels, groups', [(64, 8), (68, 4), (66, 2), (67, 1)])
def test_groups_divide_the_channels(channels, groups):
    assert FCNHead(4, 1, channels, norm='group').bottleneck[1].num_groups == groups


def test_dropout_is_of_the_logits_and_only_in_training():
    head = FCNHead(270, 3, dropout=0.5)
    feature = torch.ones(1, 67, 5, 7)
    assert not torch.equal(head.predict(feature), head.predict(feature))
    head.eval()
    assert torch.equal(head.predict(feature), head.logits(feature))
    assert set(head.state_dict()) == set(FCNHead(270, 3).state_dict())


def test_every_parameter_learns():
    head = FCNHead(270, 3)
    head.predict(head.feature(SHARED)).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())


def test_an_unknown_norm():
    with pytest.raises(ValueError, match="'layer' is unknown; choose 'batch' or 'group'"):
        FCNHead(4, 1, norm='layer')


def test_activations():
    head = FCNHead(270, 3, activation='gelu').eval()
    inner = head.bottleneck[:2](SHARED)
    torch.testing.assert_close(head.feature(SHARED), nn.functional.gelu(inner))
    with pytest.raises(ValueError, match="activation 'swish' is unknown; choose one of relu, gelu"):
        FCNHead(270, 3, activation='swish')
