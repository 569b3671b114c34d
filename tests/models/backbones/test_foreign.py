import pytest
import torch
from torch import nn

from mtkd.models import build_net
from mtkd.models.backbones import ForeignBackbone
from mtkd.models.foreign_model import build_foreign_model

RESNET = {'source': 'torchvision', 'name': 'resnet18'}
LEVELS = ['layer1', 'layer2', 'layer3', 'layer4']


def test_a_torchvision_network_as_a_student():
    net = build_net({'backbone': {'type': 'ForeignBackbone', 'model': RESNET, 'taps': LEVELS, 'drop': ['fc', 'avgpool']},
                     'neck': {'lateral_channels': 8}, 'head': {'type': 'FCNHead', 'channels': 8}}, {'depth': 1})
    backbone = net.trunk.backbone
    assert backbone.channels == [64, 128, 256, 512] and backbone.strides == [4, 8, 16, 32] and backbone.name == 'resnet18'
    taps = net.eval()(torch.randn(1, 3, 64, 96))
    assert taps['trunk.3'].shape == (1, 512, 2, 3) and taps['depth.out'].shape == (1, 1, 16, 24)
    net.train()(torch.randn(2, 3, 64, 64))['depth.out'].sum().backward()
    assert all(p.grad is not None for p in backbone.parameters())
    assert not [key for key in net.state_dict() if '.fc.' in key]


def test_weights_that_nothing_needs_are_named():
    with pytest.raises(ValueError, match=r'2 of its weights \(fc.weight, fc.bias\).*drop'):
        ForeignBackbone(RESNET, LEVELS)
    with pytest.raises(ValueError, match="no module 'head', which is listed in drop.*fc"):
        ForeignBackbone(RESNET, LEVELS, drop=['head'])


def test_its_normalisation_is_what_its_library_states(tmp_path):
    vit = {'source': 'timm', 'name': 'test_vit', 'kwargs': {'num_classes': 0}}
    weights = tmp_path / 'vit.pth'
    torch.save(build_foreign_model(**vit).state_dict(), weights)
    taps = {'taps': ['blocks.5'], 'tokens': {'patch': 16, 'prefix': 1}, 'input_size': (160, 160), 'drop': ['norm']}
    assert ForeignBackbone(vit, **taps).usual_scale is None  # random weights have no training normalisation
    loaded = ForeignBackbone({**vit, 'checkpoint': str(weights)}, **taps)
    assert loaded.scale is None and loaded.usual_scale == ((127.5,) * 3, (127.5,) * 3)


def test_a_vector_is_no_level():
    with pytest.raises(ValueError, match="'1' is a vector per image"):
        ForeignBackbone(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), ['1'])


def test_a_module_is_named_after_its_class():
    assert ForeignBackbone(nn.Sequential(nn.Conv2d(3, 4, 2, 2)), ['0']).name == 'Sequential'
