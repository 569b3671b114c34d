"""timm as a source of backbones, tested on its smallest networks and on Swin-T; nothing is downloaded."""

import pytest
import timm
import torch
from huggingface_hub import constants
from timm.layers import BatchNormAct2d
from torch import nn
from torch.nn import functional as F

from mtkd.models.backbones import TimmBackbone, timm_backbone
from mtkd.registry import BACKBONES

SWIN = {'strict_img_size': False, 'dynamic_img_size': True, 'always_partition': True}
IMAGE = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope='module')
def swin():
    torch.manual_seed(0)
    return TimmBackbone('swin_tiny_patch4_window7_224', out_indices=(0, 1, 2, 3), stage_norm=True, pad_multiple=4,
                        **SWIN).eval()


def saved(path, net, **wrapped):
    torch.save(wrapped or net.state_dict(), path)
    return str(path)


def randomised(net):
    """The backbone with weights and statistics that no other network has."""
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for value in net.state_dict().values():
            if value.is_floating_point():
                value.copy_(torch.rand(value.shape, generator=rng) * 0.2 + 0.01)
    return net.eval()


@pytest.mark.parametrize('name', ['test_resnet', 'test_efficientnet'])
def test_levels_are_timms(name):
    backbone = BACKBONES.build({'type': 'TimmBackbone', 'name': name}).eval()
    theirs = timm.create_model(name, features_only=True, out_indices=(1, 2, 3, 4)).eval()
    theirs.load_state_dict(backbone.body.state_dict())
    features = backbone(IMAGE)
    assert backbone.strides == [4, 8, 16, 32]
    assert [feature.shape[1] for feature in features] == backbone.channels == theirs.feature_info.channels()
    for feature, expected in zip(features, theirs(IMAGE), strict=True):
        assert torch.equal(feature, expected)


def test_levels_are_chosen():
    backbone = TimmBackbone('test_resnet', out_indices=(2, 4))
    assert backbone.strides == [8, 32]
    assert [feature.shape[-2:] for feature in backbone(IMAGE)] == [(8, 12), (2, 3)]


@pytest.mark.parametrize('indices, cure', [((4, 2), r'give \(2, 4\)'), ((2, 2), r'give \(2,\)'),
                                           ((-1, -2), r'give \(-2, -1\)'), ((1, -1), 'do not mix'),
                                           ((), 'give at least one index')])
def test_levels_must_ascend(indices, cure):
    """timm describes levels in the requested order and returns them in the order of the network."""
    with pytest.raises(ValueError, match=rf'backbone test_resnet: out_indices=.* must be ascending, .* first; {cure}'):
        TimmBackbone('test_resnet', out_indices=indices)


def test_levels_counted_from_the_end_are_the_same():
    backbone = TimmBackbone('test_resnet', out_indices=(-2, -1))
    assert backbone.strides == [16, 32] and [f.shape[-1] for f in backbone(IMAGE)] == [6, 3]


def lying(monkeypatch, change):
    """timm's feature extractors with a wrong description or wrong outputs."""
    create = timm_backbone._create

    def made(*args):
        body = create(*args)
        change(body)
        return body
    monkeypatch.setattr(timm_backbone, '_create', made)
    monkeypatch.setattr(timm_backbone, '_AGREES', set())


def swap(key, first, second):
    def change(body):
        infos = body.feature_info.info
        infos[first][key], infos[second][key] = infos[second][key], infos[first][key]
    return change


def reverse(body):
    body.register_forward_hook(lambda module, args, output: output[::-1])


def channels_last(body):
    body.register_forward_hook(lambda module, args, output: [level.movedim(1, -1) for level in output])


@pytest.mark.parametrize('change', [swap('num_chs', 1, 2), swap('reduction', 1, 4), reverse, channels_last])
def test_what_timm_says_must_be_what_it_gives(monkeypatch, change):
    """Channels, strides, order and layout are checked on the meta device when the backbone is built."""
    lying(monkeypatch, change)
    with pytest.raises(ValueError, match='timm states .* but an image of 224x224 gives maps of'):
        TimmBackbone('test_resnet')


def test_a_way_to_build_is_compared_once_and_another_anew(monkeypatch):
    monkeypatch.setattr(timm_backbone, '_AGREES', set())
    tried, dry = [], TimmBackbone._dry
    monkeypatch.setattr(TimmBackbone, '_dry', lambda self, size: tried.append(self.name) or dry(self, size))
    for given in ({}, {}, {'out_indices': (1, 2)}, {'drop_path_rate': 0.1}, {'out_indices': (1, 2)}):
        TimmBackbone('test_resnet', **given)
    assert len(tried) == 3


def test_the_trial_touches_neither_weights_nor_random_numbers():
    torch.manual_seed(0)
    backbone = TimmBackbone('test_resnet', drop_path_rate=0.5)
    state = torch.get_rng_state()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    backbone.check_size((65, 97))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())


@pytest.mark.parametrize('size', [(33, 33), (65, 97), (225, 223)])
def test_strides_hold_at_odd_sizes(size):
    for name in ('test_resnet', 'test_efficientnet'):
        backbone = TimmBackbone(name)
        backbone.check_size(size)
        for feature, stride in zip(backbone(torch.zeros(2, 3, *size)), backbone.strides, strict=True):
            assert tuple(feature.shape[-2:]) == (-(-size[0] // stride), -(-size[1] // stride))


def test_other_arguments_reach_timm(swin):
    backbone = TimmBackbone('test_resnet', drop_path_rate=0.5)
    rates = [part.drop_prob for part in backbone.modules() if type(part).__name__ == 'DropPath']
    assert rates and max(rates) == pytest.approx(0.5)


@pytest.mark.parametrize('size, padded', [((64, 64), (64, 64)), ((61, 90), (64, 92)), ((97, 131), (100, 132))])
def test_swin_pads_at_the_right_and_bottom(swin, size, padded):
    image = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(1))
    by_hand = F.pad(image, (0, padded[1] - size[1], 0, padded[0] - size[0]))
    with torch.no_grad():
        features = swin(image)
        levels = swin.body(by_hand)
    for feature, level, norm, stride in zip(features, levels, swin.stage_norms, swin.strides, strict=True):
        assert feature.shape[-2:] == (-(-size[0] // stride), -(-size[1] // stride))
        torch.testing.assert_close(feature, norm(level).permute(0, 3, 1, 2))


def test_swin_is_channels_first_and_normalised_per_stage(swin):
    features = swin(IMAGE[:1])
    assert [feature.shape[1] for feature in features] == swin.channels == [96, 192, 384, 768]
    for feature in features:
        torch.testing.assert_close(feature.mean(1), torch.zeros_like(feature.mean(1)), atol=1e-5, rtol=0)


def test_swins_keys_are_timms(swin):
    theirs = timm.create_model('swin_tiny_patch4_window7_224', features_only=True, **SWIN)
    assert set(swin.body.state_dict()) == set(theirs.state_dict())
    assert {key for key in swin.state_dict() if not key.startswith('body.')} == {
        f'stage_norms.{i}.{part}' for i in range(4) for part in ('weight', 'bias')}


def test_stage_norm_of_a_channels_first_network():
    backbone = TimmBackbone('test_resnet', stage_norm=True).eval()
    for feature, level, norm in zip(backbone(IMAGE), backbone.body(IMAGE), backbone.stage_norms, strict=True):
        torch.testing.assert_close(feature, norm(level.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))


def test_layers_of_a_plain_transformer_and_the_norm_that_ends_it():
    torch.manual_seed(0)
    backbone = TimmBackbone('test_vit', out_indices=(1, 3, 5), stage_norm='last', dynamic_img_size=True).eval()
    assert backbone.strides == [16, 16, 16] and backbone.channels == [64, 64, 64]
    features, levels = backbone(IMAGE), backbone.body(IMAGE)
    assert all(torch.equal(feature, level) for feature, level in zip(features[:2], levels[:2], strict=True))
    normed = F.layer_norm(levels[2].movedim(1, -1), (64,)).movedim(-1, 1)
    torch.testing.assert_close(features[2], normed)
    assert features[2].shape == (2, 64, 4, 6) and sum(p.numel() for p in backbone.stage_norms.parameters()) == 128


def test_a_plain_transformers_checkpoint_for_another_size_is_loaded(tmp_path):
    classifier = randomised(timm.create_model('test_vit', img_size=64))
    size = {'img_size': (64, 96), 'out_indices': (1, 3)}
    path = saved(tmp_path / 'weights.pth', classifier)
    backbone = TimmBackbone('test_vit', checkpoint=path, **size)
    given, loaded = classifier.state_dict(), backbone.body.state_dict()
    places = loaded.pop('model.pos_embed')
    assert places.shape == (1, 1 + 4 * 6, 64) and torch.equal(places[:, 0], given['pos_embed'][:, 0])
    grid = given['pos_embed'][:, 1:].mT.unflatten(2, (4, 4))
    wide = F.interpolate(grid, size=(4, 6), mode='bicubic', antialias=True).flatten(2).mT
    torch.testing.assert_close(places[:, 1:], wide)
    for key, value in loaded.items():
        assert torch.equal(value, given[key.removeprefix('model.')]), key
    again = TimmBackbone('test_vit', checkpoint=saved(tmp_path / 'own.pth', backbone.body), **size)
    assert all(torch.equal(value, backbone.state_dict()[key]) for key, value in again.state_dict().items())


@pytest.mark.parametrize('name', ['test_resnet', 'test_efficientnet'])
def test_group_norm_does_not_look_at_the_batch(name):
    torch.manual_seed(0)
    group, batch = TimmBackbone(name, norm='group').train(), TimmBackbone(name).train()
    assert not any(isinstance(part, nn.BatchNorm2d) for part in group.modules())
    for features, alone in zip(group(IMAGE), group(IMAGE[:1]), strict=True):
        torch.testing.assert_close(features[:1], alone, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(batch(IMAGE)[-1][:1], batch(IMAGE[:1])[-1], rtol=1e-2)


def test_group_norm_keeps_the_activation_of_timms_fused_norms():
    fused = [part for part in TimmBackbone('test_efficientnet').body.modules() if isinstance(part, BatchNormAct2d)]
    assert fused
    backbone = TimmBackbone('test_efficientnet', norm='group')
    norms = [part for part in backbone.body.modules() if isinstance(part, nn.Sequential) and len(part)
             and isinstance(part[0], nn.GroupNorm)]
    assert [[type(after) for after in norm[1:]] for norm in norms] == [[type(part.drop), type(part.act)] for part in fused]


def test_frozen_norms_neither_learn_nor_count():
    backbone = TimmBackbone('test_resnet', norm='frozen').train()
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    assert not any(isinstance(part, nn.BatchNorm2d) for part in backbone.modules())
    learning = {name for name, _ in backbone.named_parameters()}
    assert learning and not any('bn' in name for name in learning)
    alone, together = backbone(IMAGE[:1]), backbone(IMAGE)
    torch.testing.assert_close(together[-1][:1], alone[-1], rtol=1e-4, atol=1e-5)
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())
    assert set(before) == {key for key in TimmBackbone('test_resnet').state_dict() if 'num_batches' not in key}


@pytest.mark.parametrize('name, kwargs', [
    ('test_resnet', {}), ('test_efficientnet', {}), ('hrnet_w18_small_v2', {'feature_location': ''}),
    ('swin_tiny_patch4_window7_224', {'out_indices': (0, 1, 2, 3), 'stage_norm': True, 'pad_multiple': 4, **SWIN})])
def test_a_classifiers_checkpoint_is_loaded(name, kwargs, tmp_path):
    classifier = randomised(timm.create_model(name, **(SWIN if 'swin' in name else {})))
    backbone = TimmBackbone(name, checkpoint=saved(tmp_path / 'weights.pth', classifier), **kwargs)
    given, loaded = classifier.state_dict(), backbone.body.state_dict()
    assert len(loaded) < len(given)
    for key, value in loaded.items():
        assert torch.equal(value, given[key.replace('layers_', 'layers.', 1) if 'swin' in name else key]), key


def test_a_loaded_classifier_gives_its_own_features(tmp_path):
    classifier = randomised(timm.create_model('test_resnet'))
    backbone = TimmBackbone('test_resnet', out_indices=(4,), checkpoint=saved(tmp_path / 'weights.pth', classifier))
    with torch.no_grad():
        torch.testing.assert_close(backbone.eval()(IMAGE)[0], classifier.forward_features(IMAGE))


@pytest.mark.parametrize('wrap', ['state_dict', 'model', None])
def test_a_backbones_own_weights_go_round(wrap, tmp_path):
    first = randomised(TimmBackbone('test_resnet'))
    state = first.body.state_dict()
    path = tmp_path / 'weights.pth'
    torch.save({wrap: state, 'epoch': 3} if wrap else state, path)
    second = TimmBackbone('test_resnet', checkpoint=str(path)).eval()
    for mine, other in zip(first(IMAGE), second(IMAGE), strict=True):
        assert torch.equal(mine, other)


def test_safetensors(tmp_path):
    save_file = pytest.importorskip('safetensors.torch').save_file
    first = randomised(TimmBackbone('test_resnet'))
    save_file(first.body.state_dict(), str(tmp_path / 'weights.safetensors'))
    second = TimmBackbone('test_resnet', checkpoint=str(tmp_path / 'weights.safetensors')).eval()
    assert torch.equal(first(IMAGE)[-1], second(IMAGE)[-1])


def test_frozen_norms_have_the_checkpoints_statistics(tmp_path):
    classifier = randomised(timm.create_model('test_resnet'))
    path = saved(tmp_path / 'weights.pth', classifier)
    frozen, batch = (TimmBackbone('test_resnet', checkpoint=path, norm=norm).eval() for norm in ('frozen', 'batch'))
    torch.testing.assert_close(frozen(IMAGE)[-1], batch(IMAGE)[-1], rtol=1e-4, atol=1e-5)


def test_a_local_checkpoint_needs_no_network(tmp_path, monkeypatch):
    path = saved(tmp_path / 'weights.pth', timm.create_model('test_resnet'))
    create, asked = timm.create_model, []
    monkeypatch.setattr(timm_backbone.timm, 'create_model',
                        lambda *args, **kwargs: asked.append(kwargs['pretrained']) or create(*args, **kwargs))
    TimmBackbone('test_resnet', pretrained=True, checkpoint=path)
    assert asked == [False]


@pytest.mark.parametrize('offline', [True, False])
def test_pretrained_weights_that_cannot_be_fetched(offline, monkeypatch):
    def resolve(*args):
        if offline:
            raise OSError('name or service not known')

    def create_model(*args, pretrained, **kwargs):
        assert pretrained
        assert offline == constants.HF_HUB_OFFLINE, 'without a network, the hub must not retry for a minute'
        raise OSError('no route to host')

    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(timm_backbone.socket, 'getaddrinfo', resolve)
    monkeypatch.setattr(timm_backbone.timm, 'create_model', create_model)
    with pytest.raises(ConnectionError, match=r"pretrained weights of 'test_resnet' \(OSError\).*pretrained=False.*"
                                              r'backbone\.checkpoint=FILE'):
        TimmBackbone('test_resnet', pretrained=True)


def test_without_pretrained_nothing_is_looked_up(monkeypatch):
    monkeypatch.setattr(timm_backbone.socket, 'getaddrinfo', lambda *args: pytest.fail('the network was asked'))
    TimmBackbone('test_resnet')


def test_a_missing_checkpoint():
    with pytest.raises(FileNotFoundError, match="backbone 'test_resnet': the weights /nowhere/w.pth do not exist"):
        TimmBackbone('test_resnet', checkpoint='/nowhere/w.pth')


def test_weights_of_another_network(tmp_path):
    path = saved(tmp_path / 'weights.pth', timm.create_model('test_efficientnet'))
    with pytest.raises(ValueError, match=r"'test_resnet': .*weights.pth does not fit: \d+ missing keys \(first: \['"):
        TimmBackbone('test_resnet', checkpoint=path)


def test_weights_of_another_width(tmp_path):
    state = timm.create_model('test_resnet').state_dict()
    state['conv1.weight' if 'conv1.weight' in state else 'conv1.0.weight'] = torch.zeros(1, 3, 3, 3)
    torch.save(state, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match=r'0 missing keys .*, 1 with a different shape \(first: \[.conv1'):
        TimmBackbone('test_resnet', checkpoint=str(tmp_path / 'weights.pth'))


@pytest.mark.parametrize('kwargs, said', [
    ({'name': 'resnet18000'}, "timm has no model named 'resnet18000'; nearest: none"),
    ({'name': 'swin_little'}, r"no model named 'swin_little'; nearest: .*swin"),
    ({'name': 'test_resnet', 'norm': 'layer'}, "norm='layer' is unknown; choose one of batch, group, frozen"),
    ({'name': 'test_resnet', 'stage_norm': 'first'}, "stage_norm='first' is unknown; give True, False or 'last'"),
    ({'name': 'test_resnet', 'out_indices': (9,)}, r"timm cannot build backbone 'test_resnet' with out_indices=\(9,\)"),
    ({'name': 'test_resnet', 'nonsense': 1}, r"timm cannot build .*'nonsense': 1\}")])
def test_what_timm_does_not_have(kwargs, said):
    with pytest.raises(ValueError, match=said):
        TimmBackbone(**kwargs)


@pytest.mark.parametrize('kwargs, fits, size, said', [
    ({'name': 'swin_tiny_patch4_window7_224', 'depths': (1, 1, 1, 1)}, (224, 224), (64, 96), r'Input height \(64\)'),
    ({'name': 'vit_tiny_patch16_224', 'depth': 2, 'dynamic_img_size': True}, (96, 128), (96, 100), r'width \(100\).*\(16\)'),
    ({'name': 'maxvit_pico_rw_256'}, (256, 256), (250, 256), 'set img_size or pad_multiple'),
    ({'name': 'test_resnet'}, (33, 47), None, '')])
def test_sizes_are_asked_before_anything_is_computed(kwargs, fits, size, said):
    backbone = TimmBackbone(**kwargs, out_indices=(0, 1))
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    backbone.check_size(fits)
    if size is not None:
        with pytest.raises(ValueError, match=f'backbone {kwargs["name"]} does not support images of .*: .*{said}'):
            backbone.check_size(size)
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())
    if size is not None:
        with pytest.raises((AssertionError, RuntimeError)), torch.no_grad():
            backbone(torch.zeros(1, 3, *size))


def test_a_padded_size_is_asked_for():
    backbone = TimmBackbone(name='vit_tiny_patch16_224', depth=2, out_indices=(0, 1), dynamic_img_size=True, pad_multiple=16)
    backbone.check_size((97, 100))


@pytest.mark.parametrize('prefix', ['module.', 'backbone.', 'net.trunk.backbone.body.'])
def test_a_prefix_of_the_weights_is_named(tmp_path, prefix):
    state = TimmBackbone('test_resnet', out_indices=(1, 2)).body.state_dict()
    torch.save({'state_dict': {prefix + key: value for key, value in state.items()}}, tmp_path / 'w.pth')
    with pytest.raises(ValueError, match=f"does not fit: .* Its keys begin with '{prefix}': remove the prefix"):
        TimmBackbone('test_resnet', out_indices=(1, 2), checkpoint=str(tmp_path / 'w.pth'))


@pytest.mark.parametrize(('content', 'words'), [
    (b'', 'is empty'), (b'hello', 'is a text file'),
    (b'version https://git-lfs.github.com/spec/v1\n', 'is a Git LFS pointer'),
    ([1, 2], 'holds a list'), ({'a': 1}, 'is not a state dict'), ({'state_dict': [1]}, 'is not a state dict'),
    ({'model': nn.Identity()}, 'contains Python objects')])
def test_a_file_that_holds_no_weights_is_named(tmp_path, content, words):
    file = tmp_path / 'w.pth'
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    with pytest.raises(ValueError, match=rf"backbone 'test_resnet': .*w\.pth {words}"):
        TimmBackbone('test_resnet', out_indices=(1, 2), checkpoint=str(file))


def test_whatever_a_family_raises_for_a_size_is_a_refusal():
    class Body(nn.Module):
        def forward(self, image):
            if image.shape[-1] % 32:
                raise IndexError('index 7 is out of range')
            return [image[..., ::2, ::2]]

    backbone = TimmBackbone('test_resnet', out_indices=(1, 2))
    backbone.body, backbone.channels, backbone.strides = Body(), [3], [2]
    backbone.check_size((224, 224))
    with pytest.raises(ValueError, match=r'does not support images of 225x225: IndexError \(index 7 is out of range\)'):
        backbone.check_size((225, 225))
