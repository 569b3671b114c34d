"""Networks, and the acceptance table of the fact sheet (section 7) for those of ``configs/_base_/models``."""

from functools import lru_cache
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mtkd.engine.cost import count_macs, count_parameters
from mtkd.models import MultiTaskNet, TapSpec, build_net
from mtkd.registry import BACKBONES

from .tiny import OUT_CHANNELS, tiny_net

CONFIGS = Path(__file__).parents[2] / 'configs' / '_base_' / 'models'
NYUD = {'semseg': 40, 'depth': 1, 'normals': 3, 'edge': 1}
PASCAL = {'semseg': 21, 'human_parts': 7, 'sal': 2, 'normals': 3, 'edge': 1}
TINY = {'backbone': {'type': 'TimmBackbone', 'name': 'test_resnet'}, 'head': {'type': 'FCNHead', 'channels': 8}}


@lru_cache
def config(name: str):
    cfg = Config.fromfile(CONFIGS / f'{name}.py').model.net
    cfg.backbone.pretrained = False
    return cfg


@lru_cache
def on_meta(name: str, *tasks: tuple[str, int]) -> MultiTaskNet:
    """The network of a config, without memory or arithmetic."""
    with torch.device('meta'):
        return build_net(config(name), dict(tasks))


def million(count: int) -> float:
    return count / 1e6


@pytest.mark.parametrize('name, params', [
    ('mt_hrnet18', 3.861), ('mt_swinT', 27.521), ('mt_swinS', 48.839), ('mt_swinB', 86.745), ('mt_swinL', 194.998)])
def test_backbone_parameters(name, params):
    backbone = on_meta(name, *NYUD.items()).trunk.backbone
    assert million(count_parameters(backbone)) == pytest.approx(params, abs=6e-4)


@pytest.mark.parametrize('name, tasks, params', [
    ('mt_hrnet18', NYUD, 4.516), ('mt_hrnet18', PASCAL, 4.678), ('mt_swinT', NYUD, 32.50), ('mt_swinS', NYUD, 53.82),
    ('mt_swinL', NYUD, 214.92)])
def test_multi_task_parameters(name, tasks, params):
    tolerance = 5e-4 if params < 10 else 6e-3
    assert million(count_parameters(on_meta(name, *tasks.items()))) == pytest.approx(params, abs=tolerance)


@pytest.mark.parametrize('name, params', [('mt_hrnet18', 16.10), ('mt_swinT', 115.07), ('mt_swinS', 200.34)])
def test_four_single_task_networks(name, params):
    nets = [on_meta(name, task) for task in NYUD.items()]
    assert million(sum(map(count_parameters, nets))) == pytest.approx(params, abs=6e-3)


@pytest.mark.parametrize('name, backbone, whole', [('mt_hrnet18', 7.675, 7.675 + 9.801), ('mt_swinT', None, 96.9)])
def test_multiply_accumulates_at_nyud_size(name, backbone, whole):
    net = on_meta(name, *NYUD.items())
    if backbone:
        assert count_macs(net.trunk.backbone, (425, 560)) / 1e9 == pytest.approx(backbone, rel=1e-2)
    assert count_macs(net, (425, 560)) / 1e9 == pytest.approx(whole, rel=1e-2)


@pytest.mark.parametrize('size', [(425, 560), (228, 308), (97, 131), (64, 64)])
@pytest.mark.parametrize('name', ['mt_hrnet18', 'mt_swinT'])
def test_taps_of_any_picture(name, size):
    net = on_meta(name, *NYUD.items())
    taps = net(torch.zeros(2, 3, *size, device='meta'))
    assert list(taps) == list(net.tap_specs)
    for tap, spec in net.tap_specs.items():
        assert taps[tap].shape == (2, spec.channels, -(-size[0] // spec.stride), -(-size[1] // spec.stride)), tap
    if size == (425, 560):
        assert [tuple(taps[f'trunk.{i}'].shape[-2:]) for i in range(4)] == [(107, 140), (54, 70), (27, 35), (14, 18)]


@pytest.mark.parametrize('name, shared', [('mt_hrnet18', 270), ('mt_swinT', 1440)])
def test_width_of_the_shared_feature(name, shared):
    assert on_meta(name, *NYUD.items()).tap_specs['shared'] == TapSpec(shared, 4)


def test_taps_are_known_before_a_forward():
    net = tiny_net()
    assert net.tasks == tuple(OUT_CHANNELS)
    assert net.tap_specs == {
        'trunk.0': TapSpec(4, 2), 'trunk.1': TapSpec(6, 4), 'shared': TapSpec(10, 2), 'semseg.feat': TapSpec(5, 2),
        'semseg.out': TapSpec(5, 2), 'depth.feat': TapSpec(5, 2), 'depth.out': TapSpec(1, 2), 'normals.feat': TapSpec(5, 2),
        'normals.out': TapSpec(3, 2)}
    taps = net(torch.zeros(1, 3, 9, 12))
    assert {tap: tuple(value.shape) for tap, value in taps.items()} == {
        tap: (1, spec.channels, -(-9 // spec.stride), 12 // spec.stride) for tap, spec in net.tap_specs.items()}


def test_outputs_come_from_the_features_and_these_from_the_shared_one():
    net = tiny_net().eval()
    taps = net(torch.randn(2, 3, 8, 12))
    for task, head in net.heads.items():
        assert torch.equal(head.feature(taps['shared']), taps[f'{task}.feat'])
        assert torch.equal(head.predict(taps[f'{task}.feat']), taps[f'{task}.out'])


def test_a_task_may_have_its_own_head():
    net = build_net({**TINY, 'heads': {'depth': {'type': 'FCNHead', 'channels': 12}}}, {'semseg': 5, 'depth': 1})
    assert {task: head.feature_channels for task, head in net.heads.items()} == {'semseg': 8, 'depth': 12}
    only = build_net({'backbone': TINY['backbone'], 'heads': {'depth': {'type': 'FCNHead'}}}, {'depth': 1})
    assert only.tasks == ('depth',)


def test_the_neck_is_told_the_backbones_channels():
    net = build_net({**TINY, 'neck': {'lateral_channels': 16}}, {'depth': 1})
    assert net.tap_specs['shared'] == TapSpec(64, 4)


@pytest.mark.parametrize('change, said', [
    ({'decoder': {}}, r"and neck; it was given \['backbone', 'decoder', 'head'\]"),
    ({'backbone': None}, 'backbone'),
    ({'heads': {'edge': {'type': 'FCNHead'}}}, r"heads names \['edge'\], the tasks are \['depth'\]"),
    ({'head': None}, r"no head for \['depth'\]: give model.net.head")])
def test_what_does_not_fit_is_said(change, said):
    cfg = {key: part for key, part in {**TINY, **change}.items() if part is not None}
    with pytest.raises(ValueError, match=said):
        build_net(cfg, {'depth': 1})


class TwoFeatures(nn.Module):
    """A trunk with a feature of its own for one of its tasks."""

    def __init__(self, tasks=()):
        super().__init__()
        self.tasks = tasks
        self.shared, self.own = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(3, 6, 3, 4, 1)
        self.tap_specs = {'shared': TapSpec(4, 2), 'depth.in': TapSpec(6, 4)}

    def forward(self, image):
        return {'shared': self.shared(image), 'depth.in': self.own(image)}


@pytest.fixture
def two_features(monkeypatch):
    monkeypatch.setitem(BACKBONES.module_dict, 'TwoFeatures', TwoFeatures)
    return {'trunk': {'type': 'TwoFeatures'}, 'head': {'type': 'FCNHead', 'channels': 5}}


def test_a_trunk_may_make_a_feature_for_a_task(two_features):
    net = build_net(two_features, {'semseg': 7, 'depth': 1}).eval()
    assert net.trunk.tasks == ('semseg', 'depth')
    assert net.tap_specs == {'shared': TapSpec(4, 2), 'depth.in': TapSpec(6, 4), 'semseg.feat': TapSpec(5, 2),
                             'semseg.out': TapSpec(7, 2), 'depth.feat': TapSpec(5, 4), 'depth.out': TapSpec(1, 4)}
    taps = net(torch.randn(2, 3, 8, 12))
    assert {tap: tuple(value.shape) for tap, value in taps.items()} == {
        tap: (2, spec.channels, 8 // spec.stride, 12 // spec.stride) for tap, spec in net.tap_specs.items()}
    for task, tap in (('semseg', 'shared'), ('depth', 'depth.in')):
        assert torch.equal(taps[f'{task}.feat'], net.heads[task].feature(taps[tap]))


@pytest.mark.parametrize('change, said', [
    ({'backbone': TINY['backbone']}, 'or trunk in place of backbone and neck'),
    ({'neck': {'type': 'ConcatNeck'}}, 'or trunk in place of backbone and neck'),
    ({'trunk': {'type': 'SegNet'}}, r'SegNet makes no features per task; give it as model\.net\.backbone')])
def test_a_trunk_is_not_a_backbone(two_features, change, said):
    with pytest.raises(ValueError, match=said):
        build_net({**two_features, **change}, {'depth': 1})


def test_an_unknown_trunk_is_named(two_features):
    with pytest.raises(KeyError, match='TwoFeatures'):
        build_net({**two_features, 'trunk': {'type': 'TwoFeature'}}, {'depth': 1})


def test_state_dict_keys_stay():
    keys = list(build_net(TINY, {'depth': 1}).state_dict())
    assert {key.split('.')[0] for key in keys} == {'trunk', 'heads'}
    assert {'.'.join(key.split('.')[:2]) for key in keys} == {'trunk.backbone', 'heads.depth'}


@pytest.mark.parametrize('name, params', [('segnet', 25.055), ('mtan', 44.229)])
def test_networks_of_kd4mtl(name, params):
    """Fact sheet 7, from the base configs; their details are in the backbones' tests."""
    cfg = Config.fromfile(CONFIGS / f'{name}.py').model.net
    with torch.device('meta'):
        net = build_net(cfg, {'semseg': 13, 'depth': 1, 'normals': 3})
    assert million(count_parameters(net)) == pytest.approx(params, abs=5e-4)


def test_lenet_from_its_base_config():
    net = build_net(Config.fromfile(CONFIGS / 'multi_lenet.py').model.net, {'svhn': 10, 'omniglot': 1623})
    assert net(torch.zeros(2, 3, 32, 32))['omniglot.out'].shape == (2, 1623)
