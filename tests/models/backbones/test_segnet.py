"""SegNet's sizes against fact sheet 7, its pooling and unpooling, and images of any size."""

from functools import lru_cache

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from mtkd.engine.cost import count_macs, count_parameters
from mtkd.models import TapSpec, build_net
from mtkd.models.backbones import SegNet
from mtkd.models.backbones.segnet import pool, unpool

NET = {'backbone': {'type': 'SegNet'}, 'neck': {'type': 'OneScaleNeck'}, 'head': {'type': 'ConvPairHead'}}
TASKS = {'semseg': 13, 'depth': 1, 'normals': 3}


def small(width=1 / 16, seed=0) -> SegNet:
    torch.manual_seed(seed)
    return SegNet(width)


def pictures(height=64, width=96):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(0))


@lru_cache
def on_meta(*tasks):
    with torch.device('meta'):
        return build_net(NET, {task: TASKS[task] for task in tasks})


@pytest.mark.parametrize('tasks, params', [(tuple(TASKS), 25.055), (('semseg',), 24.981)])
def test_parameters_of_the_acceptance_table(tasks, params):
    assert count_parameters(on_meta(*tasks)) / 1e6 == pytest.approx(params, abs=5e-4)


def test_multiply_accumulates_of_the_acceptance_table():
    assert count_macs(on_meta(*TASKS), (288, 384)) / 1e9 == pytest.approx(68.6, rel=1e-2)


def test_two_levels():
    net = on_meta(*TASKS)
    assert {tap: net.tap_specs[tap] for tap in ('trunk.0', 'trunk.1', 'shared')} == {
        'trunk.0': TapSpec(512, 32), 'trunk.1': TapSpec(64, 1), 'shared': TapSpec(64, 1)}
    taps = net(torch.zeros(2, 3, 288, 384, device='meta'))
    assert taps['trunk.0'].shape == (2, 512, 9, 12) and taps['shared'].shape == (2, 64, 288, 384)
    assert taps['shared'] is taps['trunk.1']


@pytest.mark.parametrize('size', [(64, 96), (41, 67), (33, 32), (1, 5)])
def test_pictures_of_any_size_come_back_whole(size):
    backbone = small().eval()
    middle, last = backbone(pictures(*size))
    assert middle.shape == (2, 32, -(-size[0] // 32), -(-size[1] // 32)) and last.shape == (2, 4, *size)


def test_unpooling_puts_maxima_back():
    feature = torch.randn(2, 3, 7, 10, generator=torch.Generator().manual_seed(0))
    pooled, pooling = pool(feature)
    assert pooled.shape == (2, 3, 4, 5)
    whole = unpool(pooled, pooling)
    assert whole.shape == feature.shape
    assert torch.equal(whole[whole != 0], feature[whole != 0]) and (whole != 0).sum() == pooled.numel()
    assert torch.equal(F.max_pool2d(feature.clamp_min(0), 2, ceil_mode=True), F.max_pool2d(whole, 2, ceil_mode=True))


def test_the_decoder_mirrors_the_encoder():
    """Input and output channels of every convolution (fact sheet 4.3), encoder then decoder."""
    convs = [[(conv[0].in_channels, conv[0].out_channels) for conv in stage.convs]
             for stage in (*on_meta('semseg').trunk.backbone.encoder, *on_meta('semseg').trunk.backbone.decoder)]
    assert convs == [
        [(3, 64), (64, 64)], [(64, 128), (128, 128)], [(128, 256), (256, 256), (256, 256)],
        [(256, 512), (512, 512), (512, 512)], [(512, 512), (512, 512), (512, 512)],
        [(512, 512), (512, 512), (512, 512)], [(512, 256), (256, 256), (256, 256)],
        [(256, 128), (128, 128), (128, 128)], [(128, 64), (64, 64)], [(64, 64), (64, 64)]]


def test_forward_by_hand():
    """In train mode, because with untrained statistics the signal would vanish over 26 convolutions."""
    backbone = small()
    feature, indices = pictures(), []
    for stage in backbone.encoder:
        feature, index = F.max_pool2d(nn.Sequential(*stage.convs)(feature), 2, return_indices=True)
        indices.append(index)
    middle = feature
    for stage, index in zip(backbone.decoder, reversed(indices), strict=True):
        feature = nn.Sequential(*stage.convs)(F.max_unpool2d(feature, index, 2))
    given = backbone(pictures())
    assert middle.std() > 0.1 and feature.std() > 0.1
    torch.testing.assert_close(given, [middle, feature])


def test_initialisation_is_xavier_normal():
    weight = small(0.5).decoder[0].convs[1][0].weight
    assert weight.std().item() == pytest.approx((2 / (2 * 9 * 256)) ** 0.5, rel=0.02)
    backbone = small()
    assert all((part.bias == 0).all() for part in backbone.modules() if isinstance(part, nn.Conv2d))
    assert torch.equal(small(seed=3).encoder[0].convs[0][0].weight, small(seed=3).encoder[0].convs[0][0].weight)


def test_width_scales_all_filters():
    assert SegNet(0.25).filters == (16, 32, 64, 128, 128) and SegNet(0.25).channels == [128, 16]
    with pytest.raises(ValueError, match='width=0.001 leaves 0 of 64 filters'):
        SegNet(0.001)


def test_every_parameter_learns_and_low_precision_works():
    backbone = small()
    sum(feature.square().mean() for feature in backbone(pictures())).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in backbone.parameters())
    assert all(part.weight.grad.any() for part in backbone.modules() if isinstance(part, nn.Conv2d))
    with torch.autocast('cpu', torch.bfloat16):
        middle, last = backbone(pictures())
    (middle.float().mean() + last.float().mean()).backward()
    assert last.dtype == torch.bfloat16 and last.isfinite().all()


@pytest.mark.parametrize('name, shape', [('trunk.backbone.decoder.0.convs.0.0', (512, 512, 3, 3)),
                                         ('trunk.backbone.decoder.4.convs.1.0', (64, 64, 3, 3))])
def test_gradnorms_layers_have_names(name, shape):
    """The first and the last convolution of the decoder; the latter is the last layer that all tasks share."""
    assert dict(on_meta('semseg').named_modules())[name].weight.shape == shape
