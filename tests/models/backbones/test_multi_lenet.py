import pytest
import torch
from torch.nn import functional as F

from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import MultiLeNet
from mtkd.registry import BACKBONES

NET = {'backbone': {'type': 'MultiLeNet'}, 'neck': {'type': 'OneScaleNeck'}, 'head': {'type': 'MLPHead'}}
TASKS = {'svhn': 10, 'omniglot': 1623}


def pictures(height=32, width=32):
    return torch.randn(3, 3, height, width, generator=torch.Generator().manual_seed(0))


def test_layers_by_hand():
    """Fact sheet 1.2.3: the input of the linear layer is 20 maps of 5x5."""
    backbone = BACKBONES.build({'type': 'MultiLeNet'}).eval()
    shapes = {name: tuple(p.shape) for name, p in backbone.named_parameters() if name.endswith('weight')}
    assert shapes == {'conv1.weight': (10, 3, 5, 5), 'conv2.weight': (20, 10, 5, 5), 'fc.weight': (50, 500)}
    first = F.max_pool2d(F.conv2d(pictures(), backbone.conv1.weight, backbone.conv1.bias), 2).clamp_min(0)
    second = F.max_pool2d(F.conv2d(first, backbone.conv2.weight, backbone.conv2.bias), 2).clamp_min(0)
    wanted = F.linear(second.reshape(3, 500), backbone.fc.weight, backbone.fc.bias).clamp_min(0)
    feature, = backbone(pictures())
    torch.testing.assert_close(feature, wanted)
    assert (feature == 0).any() and (feature > 0).any()


def test_whole_channels_are_dropped_in_training_only():
    backbone = MultiLeNet(dropout=0.5)
    torch.manual_seed(0)
    assert not torch.equal(backbone(pictures())[0], backbone(pictures())[0])
    dropped = backbone.dropout(torch.ones(1, 20, 4, 4)).flatten(2)
    assert (dropped == dropped[..., :1]).all() and len(dropped.unique()) == 2
    backbone.eval()
    assert torch.equal(backbone(pictures())[0], backbone(pictures())[0])


def test_vectors_all_the_way():
    net = build_net(NET, TASKS)
    assert net.tap_specs == {'trunk.0': TapSpec(50, 0), 'shared': TapSpec(50, 0), 'svhn.feat': TapSpec(50, 0),
                             'svhn.out': TapSpec(10, 0), 'omniglot.feat': TapSpec(50, 0), 'omniglot.out': TapSpec(1623, 0)}
    taps = net(pictures())
    assert {tap: tuple(value.shape) for tap, value in taps.items()} == {
        tap: (3, spec.channels) for tap, spec in net.tap_specs.items()}
    sum(value.square().mean() for value in taps.values()).backward()
    assert all(p.grad.abs().sum() > 0 for p in net.parameters())


def test_gradnorms_layer_has_a_name():
    assert dict(build_net(NET, TASKS).named_modules())['trunk.backbone.fc'].weight.shape == (50, 500)


def test_pictures_of_another_size():
    assert MultiLeNet((48, 32))(pictures(48, 32))[0].shape == (3, 50)
    assert MultiLeNet(16)(pictures(16, 16))[0].shape == (3, 50)
    with pytest.raises(ValueError, match='built for images of 32x32 and was given 48x32'):
        MultiLeNet()(pictures(48, 32))
    with pytest.raises(ValueError, match='15x40 are too small; in_size must be at least 16'):
        MultiLeNet((15, 40))
