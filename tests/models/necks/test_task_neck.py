"""Properties of every neck that computes a feature per task."""

import pytest
import torch

from mtkd.models import TapSpec, Trunk, build_net
from mtkd.models.necks import TaskNeck
from mtkd.registry import NECKS as REGISTRY

from .scales import CHANNELS, NECKS, OUT, STRIDES, features


def build(name, seed=0, **changes):
    torch.manual_seed(seed)
    width = {} if name in ('MTINetNeck', 'MTMambaNeck') else {'channels': 8}
    return REGISTRY.build({'type': name.split()[0], 'in_channels': CHANNELS, 'strides': STRIDES, 'out_channels': OUT,
                           **width, **NECKS[name], **changes})


@pytest.mark.parametrize('size', [(37, 50), (64, 96), (33, 17)])
@pytest.mark.parametrize('name', NECKS)
def test_taps_are_those_promised_at_any_size(name, size):
    neck = build(name).eval()
    taps = neck(features(*size))
    assert set(taps) == set(neck.tap_specs)
    assert {'shared', *(f'{task}.in' for task in OUT)} <= set(taps)
    for tap, spec in neck.tap_specs.items():
        assert taps[tap].shape == (2, spec.channels, -(-size[0] // spec.stride), -(-size[1] // spec.stride)), tap


@pytest.mark.parametrize('name', NECKS)
def test_every_parameter_learns_from_inputs_and_predictions_on_the_way(name):
    neck = build(name)
    rng = torch.Generator().manual_seed(1)
    for key, parameter in neck.named_parameters():  # zero or dead layers hide the layers before them
        parameter.data.add_(1.0 if 'squeeze.0.bias' in key else 0.05 * torch.randn(parameter.shape, generator=rng))
    taps = neck(features())
    target = torch.Generator().manual_seed(3)
    sum(((value - torch.randn(value.shape, generator=target)) ** 2).mean() for tap, value in taps.items()
        if '.in' in tap or '.aux' in tap).backward()
    idle = [key for key, p in neck.named_parameters() if p.grad is None or not p.grad.any()]
    assert not idle and all(p.grad.isfinite().all() for p in neck.parameters())


@pytest.mark.parametrize('name', NECKS)
def test_low_precision(name):
    neck = build(name)
    torch.manual_seed(1)  # some drop paths
    plain = neck(features())
    torch.manual_seed(1)
    with torch.autocast('cpu', torch.bfloat16):
        taps = neck(features())
    for tap, value in taps.items():
        assert value.isfinite().all(), tap
        assert (value.float() - plain[tap]).abs().mean() < 0.1 * plain[tap].abs().mean() + 0.02, tap


@pytest.mark.parametrize('name', NECKS)
def test_a_sample_does_not_see_its_neighbours(name):
    neck = build(name).eval()
    both, alone = neck(features()), neck([feature[:1] for feature in features()])
    for tap, value in alone.items():
        torch.testing.assert_close(both[tap][:1], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', [name for name in NECKS if 'ATRC' not in name])
def test_one_task_has_nobody_to_exchange_with(name):
    with pytest.raises(ValueError, match=rf"{name.split()[0]} exchanges features between tasks, but there is only 'depth'"):
        build(name, out_channels={'depth': 1})
    with pytest.raises(ValueError, match='there are none'):
        build(name, out_channels={})


@pytest.mark.parametrize('name', NECKS)
def test_narrow_laterals(name):
    neck = build(name, lateral_channels=4).eval()
    assert neck.tap_specs['shared'] == TapSpec(12, 4) and set(neck(features())) == set(neck.tap_specs)


def test_own_features_are_the_baselines_bottlenecks():
    neck = build('CrossStitchNeck').eval()
    taps = neck(features())
    assert torch.equal(taps['shared'], neck.concat(features()))
    assert torch.equal(taps['depth.own'], neck.own['depth'](taps['shared']))
    assert [type(part).__name__ for part in neck.own['depth']] == ['Conv2d', 'BatchNorm2d', 'ReLU']


def test_a_network_of_it_is_told_the_tasks_and_its_head_reads_their_features():
    cfg = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}, 'neck': {'type': 'PADNetNeck', 'channels': 8},
           'head': {'type': 'LogitsHead'}}
    net = build_net(cfg, OUT).eval()
    assert net.tasks == tuple(OUT) and isinstance(net.trunk, Trunk)
    assert net.aux_taps == {task: (f'{task}.aux',) for task in OUT}
    taps = net(torch.randn(1, 3, 32, 48))
    assert set(taps) == set(net.tap_specs) and 'trunk.3' in taps
    assert torch.equal(taps['semseg.feat'], taps['semseg.in'])
    assert torch.equal(taps['semseg.out'], net.heads['semseg'].logits(taps['semseg.in']))
    plain = build_net({**cfg, 'neck': None, 'head': {'type': 'FCNHead', 'channels': 8}}, OUT)
    assert plain.aux_taps == dict.fromkeys(OUT, ())


@pytest.mark.parametrize('channels', [0, -3])
def test_a_width_is_needed(channels):
    with pytest.raises(ValueError, match=f'CrossStitchNeck: channels={channels}; give 1 or more'):
        build('CrossStitchNeck', channels=channels)


def test_the_exchange_is_a_subclasses():
    neck = TaskNeck(CHANNELS, STRIDES, OUT, channels=4)
    with pytest.raises(TypeError, match='TaskNeck does not implement fuse'):
        neck(features())
