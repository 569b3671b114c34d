import warnings
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mtkd.distill import ForeignTeacher
from mtkd.engine import Job, train
from mtkd.models import TapSpec
from tests.engine.toy import write_config

from .nets import MEAN, STD, images, normalised

DISTILLER = """
model['distiller'] = dict(
    teachers=dict(resnet=dict(type='ForeignTeacher', model=dict(source='torchvision', name='resnet18'),
                              taps=dict(feat='layer2'), input_size=(64, 64))),
    links=[dict(task='semseg', student='shared', teacher='resnet:feat', loss=dict(type='FitNets'),
                projector=dict(type='Linear1x1'))])
"""


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 2, 2), nn.BatchNorm2d(4), nn.ReLU())


def make(**options) -> ForeignTeacher:
    return ForeignTeacher(network(), taps={'feat': '1', 'out': '2'}, mean=MEAN, std=STD, **options)


def test_taps_of_the_normalised_picture_frozen_and_in_no_checkpoint():
    teacher = make()
    teacher.train()
    wanted = network().eval()[:2](normalised(images()))
    torch.testing.assert_close(teacher(images(), ['feat']), {'feat': wanted})
    assert teacher.tap_specs == {'feat': TapSpec(4, 2), 'out': TapSpec(4, 2)}
    assert not teacher.state_dict() and not any(p.requires_grad for p in teacher.net.parameters())
    assert not teacher.net.training and not list(teacher.parameters())


def test_its_own_input_size():
    teacher = make(input_size=(6, 10))
    seen = F.interpolate(normalised(images()), (6, 10), mode='bilinear', align_corners=False, antialias=True)
    torch.testing.assert_close(teacher(images())['feat'], network().eval()[:2](seen))
    assert teacher(images(size=(6, 10)))['feat'].shape == (4, 4, 3, 5)


def test_precision_and_hash():
    teacher = make(dtype='bfloat16', input_size=(6, 10))
    assert teacher(images())['feat'].dtype == torch.bfloat16
    assert make().weights_hash() != teacher.weights_hash()


def test_statistics_of_another_scale_are_refused():
    with pytest.raises(ValueError, match='multiply both by 255'):
        ForeignTeacher(network(), {'feat': '1'}, mean=(.5,) * 3, std=(.5,) * 3)


def test_random_weights_are_said():
    cfg = {'source': 'torchvision', 'name': 'resnet18'}
    with pytest.warns(UserWarning, match="'resnet18' has no checkpoint"):
        ForeignTeacher(cfg, {'feat': 'layer1'})
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        make()


def test_a_resnet_of_torchvision_teaches_for_two_iterations(tmp_path: Path):
    config = write_config(tmp_path, iters=2)
    config.write_text(config.read_text() + DISTILLER)
    folder = train(Job(str(config), work_dir=tmp_path / 'run'))
    scalars = next(folder.rglob('scalars.json')).read_text()
    assert '"semseg/fitnets"' in scalars
    before = torch.load(folder / 'iter_2.pth', weights_only=True)['state_dict']
    assert 'distiller.links.0.projector.0.weight' in before and not [key for key in before if 'teacher' in key]


def test_tokens_of_a_hugging_face_network():
    pytest.importorskip('transformers', reason='transformers is not installed')
    small = {'hidden_size': 16, 'num_hidden_layers': 2, 'num_attention_heads': 2, 'intermediate_size': 32,
             'image_size': 32, 'patch_size': 8}
    with pytest.warns(UserWarning, match='random initial weights'):
        teacher = ForeignTeacher({'source': 'huggingface', 'name': 'Dinov2Model', 'kwargs': small}, input_size=(32, 48),
                                 taps={'feat': {'module': '', 'item': 'last_hidden_state'}},
                                 tokens={'patch': 8, 'prefix': 1})
    assert teacher.tap_specs['feat'] == TapSpec(16, 8)
    assert teacher(images(size=(40, 60)))['feat'].shape == (4, 16, 4, 6)
