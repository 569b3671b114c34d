"""Stems with a smaller stride for small images."""

import pytest
import timm
import torch

from mtkd.models.backbones import TimmBackbone
from mtkd.models.backbones.stem import set_stem_stride

CNN = {'name': 'resnet10t', 'out_indices': (1, 2, 3), 'channels': (4, 6, 8, 8), 'stem_width': 8}


@pytest.mark.parametrize(('stride', 'strides'), [(None, [4, 8, 16]), (2, [2, 4, 8]), (1, [1, 2, 4])])
def test_strides_are_what_the_maps_have(stride, strides):
    net = TimmBackbone(**CNN, stem_stride=stride)
    maps = net(torch.zeros(2, 3, 32, 32))
    assert net.strides == strides
    assert [tuple(m.shape) for m in maps] == [(2, c, 32 // s, 32 // s) for c, s in zip(net.channels, strides, strict=True)]


def test_weights_of_the_stem_stay_loadable():
    usual, small = (TimmBackbone(**CNN, stem_stride=stride) for stride in (None, 1))
    small.load_state_dict(usual.state_dict(), strict=True)


def test_a_stem_without_pooling():
    net = TimmBackbone('mobilenetv3_small_100', out_indices=(1, 2), stem_stride=1)
    assert net.strides == [2, 4]
    assert [m.shape[-1] for m in net(torch.zeros(1, 3, 32, 32))] == [16, 8]


def test_a_transformer_takes_its_patch_size():
    net = TimmBackbone('swin_tiny_patch4_window7_224', out_indices=(0, 1, 2), img_size=32, patch_size=2, window_size=4,
                       embed_dim=8, depths=(1, 1, 1), num_heads=(1, 2, 4))
    assert net.strides == [2, 4, 8] and [m.shape[-1] for m in net(torch.zeros(1, 3, 32, 32))] == [16, 8, 4]
    with pytest.raises(ValueError, match='patch_size'):
        TimmBackbone('swin_tiny_patch4_window7_224', out_indices=(0, 1, 2), img_size=32, window_size=4, stem_stride=1)


def test_what_does_not_fit_is_said():
    body = timm.create_model('resnet10t', features_only=True)
    with pytest.raises(ValueError, match='give 1 or 2'):
        set_stem_stride(body, 3)
