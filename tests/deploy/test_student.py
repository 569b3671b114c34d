import pytest
import torch

from mtkd.deploy.student import load_student

from .deployed import write_student


def test_the_network_alone_with_the_checkpoints_weights(tmp_path):
    student = load_student(*write_student(tmp_path))
    wanted = torch.load(tmp_path / 'final.pth', weights_only=True)['state_dict']
    assert {f'net.{key}' for key in student.net.state_dict()} == {key for key in wanted if key.startswith('net.')}
    for key, value in student.net.state_dict().items():
        assert torch.equal(value, wanted[f'net.{key}'])
    assert not student.net.training and list(student.tasks) == ['semseg', 'depth']
    assert student.meta['seed'] == 3 and student.meta['config_sha256'] == student.config_sha256


def test_a_bare_state_dict_and_pretrained_switched_off(tmp_path):
    config, checkpoint = write_student(tmp_path)
    student = load_student(config, checkpoint)
    torch.save(student.net.state_dict(), tmp_path / 'bare.pth')
    again = load_student(config, tmp_path / 'bare.pth', {'model.net.backbone.pretrained': True,
                                                         'model.net.backbone.checkpoint': 'no/such.pth'})
    assert torch.equal(next(again.net.parameters()), next(student.net.parameters())) and again.meta == {}


def test_mistakes(tmp_path):
    config, checkpoint = write_student(tmp_path)
    with pytest.raises(FileNotFoundError, match='does not exist'):
        load_student(config, tmp_path / 'none.pth')
    with pytest.raises(ValueError, match='does not fit this config'):
        load_student(config, checkpoint, {'model.net.head.channels': 9})
    (tmp_path / 'empty.py').write_text('a = 1\n')
    with pytest.raises(ValueError, match='not a training config'):
        load_student(tmp_path / 'empty.py', checkpoint)
