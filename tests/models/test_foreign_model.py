import pytest
import torch
from torch import nn

from mtkd.models.foreign_model import build_foreign_model, foreign_scale


def make_net(width: int = 4) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU())


HERE = f'{__name__}:make_net'


def test_torchvision_and_timm_and_an_import():
    net = build_foreign_model('torchvision', 'resnet18', kwargs={'num_classes': 7})
    assert net.fc.out_features == 7
    assert build_foreign_model('timm', 'test_resnet', kwargs={'num_classes': 5}).num_classes == 5
    assert build_foreign_model('import', HERE, kwargs={'width': 6})[0].out_channels == 6


def test_a_segmentation_network_of_torchvision_downloads_no_backbone(monkeypatch):
    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', lambda *a, **k: pytest.fail('it downloads'))
    assert build_foreign_model('torchvision', 'lraspp_mobilenet_v3_large', kwargs={'num_classes': 4})


def test_weights_from_a_file(tmp_path):
    source = make_net()
    torch.save({'state_dict': {f'module.{k}': v for k, v in source.state_dict().items()}}, tmp_path / 'a.pth')
    loaded = build_foreign_model('import', HERE, checkpoint=tmp_path / 'a.pth')
    torch.testing.assert_close(loaded.state_dict(), source.state_dict())
    with pytest.raises(ValueError, match='does not fit.*2 with a different shape'):
        build_foreign_model('import', HERE, checkpoint=tmp_path / 'a.pth', kwargs={'width': 3})
    (tmp_path / 'b.pth').write_bytes(b'nothing')
    with pytest.raises(ValueError, match='plain tensors'):
        build_foreign_model('import', HERE, checkpoint=tmp_path / 'b.pth')
    torch.save([1], tmp_path / 'c.pth')
    with pytest.raises(ValueError, match='is not a state dict'):
        build_foreign_model('import', HERE, checkpoint=tmp_path / 'c.pth')


def test_safetensors(tmp_path):
    from safetensors.torch import save_file
    source = make_net()
    save_file(source.state_dict(), str(tmp_path / 'a.safetensors'))
    loaded = build_foreign_model('import', HERE, checkpoint=tmp_path / 'a.safetensors')
    torch.testing.assert_close(loaded.state_dict(), source.state_dict())


@pytest.mark.parametrize(('arguments', 'error', 'sentence'), [
    ({'source': 'tv', 'name': 'resnet18'}, ValueError, 'choose one of torchvision'),
    ({'source': 'torchvision', 'name': 'resnet19'}, ValueError, 'nearest: .*resnet18'),
    ({'source': 'timm', 'name': 'test_resnt'}, ValueError, 'nearest: test_resnet'),
    ({'source': 'torchvision', 'name': 'resnet18', 'kwargs': {'widht': 2}}, ValueError, 'cannot be built with'),
    ({'source': 'torchvision', 'name': 'resnet18', 'checkpoint': 'no/such.pth'}, FileNotFoundError, 'do not exist'),
    ({'source': 'torchvision', 'name': 'resnet18', 'checkpoint': 'tests'}, ValueError, 'is a folder'),
    ({'source': 'import', 'name': 'no.such:thing'}, ValueError, 'PYTHONPATH'),
    ({'source': 'import', 'name': 'collections:OrderedDict'}, ValueError, 'not a torch.nn.Module'),
    ({'source': 'import', 'name': HERE, 'pretrained': True}, ValueError, 'local checkpoint'),
])
def test_mistakes(arguments, error, sentence, monkeypatch, request):
    monkeypatch.chdir(request.config.rootpath)
    with pytest.raises(error, match=sentence):
        build_foreign_model(**arguments)


def test_pretrained_weights_that_cannot_be_fetched(monkeypatch):
    def offline(*arguments, **options):
        raise OSError('no route')
    monkeypatch.setattr(torch.hub, 'load_state_dict_from_url', offline)
    import torchvision.models._api as api
    monkeypatch.setattr(api, 'load_state_dict_from_url', offline)
    with pytest.raises(ConnectionError, match='checkpoint=FILE'):
        build_foreign_model('torchvision', 'resnet18', pretrained=True)


def test_hugging_face(tmp_path):
    pytest.importorskip('transformers', reason='transformers is not installed')
    small = {'hidden_sizes': [8, 16], 'depths': [1, 1], 'embedding_size': 8, 'layer_type': 'basic'}
    net = build_foreign_model('huggingface', 'ResNetModel', kwargs=small)
    net.save_pretrained(tmp_path / 'small')
    again = build_foreign_model('huggingface', 'ResNetModel', checkpoint=tmp_path / 'small')
    torch.testing.assert_close(again.state_dict(), net.state_dict())
    with pytest.raises(ValueError, match='nearest: .*ResNetModel'):
        build_foreign_model('huggingface', 'ResNetModell')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='cannot load'):
        build_foreign_model('huggingface', 'ResNetModel', checkpoint=tmp_path / 'empty')


def test_hugging_face_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'transformers', None)
    with pytest.raises(ValueError, match='pip install transformers'):
        build_foreign_model('huggingface', 'ResNetModel')


def test_the_normalisation_is_what_the_library_states(tmp_path):
    imagenet = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    for source in ('timm', 'torchvision'):
        assert foreign_scale(source, 'resnet18') is None  # random weights have no training normalisation
        found = foreign_scale(source, 'resnet18', pretrained=True)
        assert found is not None and [pytest.approx(part) for part in found] == list(imagenet)
    halves = foreign_scale('timm', 'vit_tiny_patch16_224', pretrained=True)
    assert halves == ((127.5,) * 3, (127.5,) * 3)
    (tmp_path / 'preprocessor_config.json').write_text('{"image_mean": [0.5, 0.4, 0.2], "image_std": [0.2, 0.4, 1]}')
    assert foreign_scale('huggingface', 'X', tmp_path) == ((127.5, 102.0, 51.0), (51.0, 102.0, 255.0))
    (tmp_path / 'preprocessor_config.json').write_text('{"do_normalize": false, "image_mean": [0.5], "image_std": [1]}')
    assert foreign_scale('huggingface', 'X', tmp_path) == ((0, 0, 0), (255, 255, 255))
    stated = tmp_path / 'preprocessor_config.json'
    stated.write_text('{"do_rescale": false, "image_mean": [120.0, 110, 100], "image_std": [1.0, 2, 3]}')
    assert foreign_scale('huggingface', 'X', tmp_path) == ((120, 110, 100), (1, 2, 3))
    stated.write_text('{"rescale_factor": 0.0078125, "image_mean": [1.0, 1, 1], "image_std": [0.5, 0.5, 1]}')
    assert foreign_scale('huggingface', 'X', tmp_path) == ((128, 128, 128), (64, 64, 128))
    stated.write_text('{"do_flip_channel_order": true}')
    with pytest.warns(UserWarning, match='requests BGR channel order'):
        assert foreign_scale('huggingface', 'X', tmp_path) is None
    (tmp_path / 'preprocessor_config.json').write_text('{')
    with pytest.raises(ValueError, match='is not valid JSON'):
        foreign_scale('huggingface', 'X', tmp_path)
