"""A folder for a model hub: written, loaded again with equal outputs, and rejected if it is broken."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mtkd.deploy import MultiTaskInferencer
from mtkd.deploy.hub import CONFIG, EXPERTS, WEIGHTS, read_folder, write_folder
from mtkd.deploy.student import load_student, without_weights
from mtkd.engine.config import load_config
from mtkd.engine.prerequisite import resolved
from mtkd.models import build_net
from tests.deploy.deployed import write_student

PICTURE = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)


@pytest.fixture(scope='module')
def student(tmp_path_factory):
    """Config, checkpoint, and the student built from both."""
    config, checkpoint = write_student(tmp_path_factory.mktemp('student'), "data_licence = 'mine'\n")
    return config, checkpoint, load_student(config, checkpoint)


@pytest.fixture
def folder(student, tmp_path):
    """A hub folder of the student."""
    write_folder(student[2], tmp_path / 'toy')
    return tmp_path / 'toy'


def edit(folder, **changed):
    """Set keys of config.json, or remove those whose value is None."""
    given = json.loads((folder / CONFIG).read_text())
    given.update(changed)
    (folder / CONFIG).write_text(json.dumps({key: value for key, value in given.items() if value is not None}))


def test_loaded_back_it_predicts_the_same(student, folder):
    config, checkpoint, _ = student
    before, after = MultiTaskInferencer(config, checkpoint)(PICTURE), MultiTaskInferencer(folder)(PICTURE)
    assert set(after.values) == {'semseg', 'depth'} and after.values['depth'].std() > 0
    for task, value in before.values.items():
        assert np.array_equal(value, after.values[task]), task
    assert after.units == before.units


def test_all_that_is_needed_is_inside(student, folder):
    config = student[0]
    config.rename(config.with_suffix('.gone'))
    try:
        loaded = read_folder(folder)
    finally:
        config.with_suffix('.gone').rename(config)
    assert loaded.meta['seed'] == 3 and loaded.cfg.data_licence == 'mine'
    assert loaded.class_names['semseg'][0] == student[2].class_names['semseg'][0]
    assert loaded.config_sha256 == student[2].config_sha256


def test_written_over_an_earlier_one(student, folder):
    assert write_folder(student[2], folder).difference == {'semseg': 0.0, 'depth': 0.0}


def test_something_else_is_left_alone(student, tmp_path):
    (tmp_path / CONFIG).write_text('{"model_type": "bert"}')
    with pytest.raises(ValueError, match='was not written by mtkd.*name another folder'):
        write_folder(student[2], tmp_path)
    assert (tmp_path / CONFIG).read_text() == '{"model_type": "bert"}' and not (tmp_path / WEIGHTS).exists()


@pytest.mark.parametrize(('changed', 'words'), [
    ({'schema_version': 99, 'mtkd_version': '9.9'}, 'schema version 99, but mtkd .* written by mtkd 9.9'),
    ({'schema_version': None}, 'schema version None'), ({'library_name': 'timm'}, 'was not written by mtkd'),
    ({'net': None}, "'net' must be an object"), ({'pipeline': {}}, "'pipeline' must be a list"),
    ({'pipeline': [{'type': 'os.system', 'command': 'true'}]}, "the type 'os.system': only names of registered parts"),
    ({'tasks': {'depth': {'type': ['Depth']}}}, 'only names of registered parts'),
    ({'custom_imports': {'imports': ['my_heads']}}, 'needs my_heads; import it before')])
def test_a_wrong_description_is_one_sentence(folder, changed, words):
    edit(folder, **changed)
    with pytest.raises(ValueError, match=words):
        MultiTaskInferencer(folder)


def test_broken_and_missing_files(folder, tmp_path):
    text = (folder / CONFIG).read_text()
    (folder / CONFIG).write_text(text[:100])
    with pytest.raises(ValueError, match='config.json is damaged'):
        read_folder(folder)
    (folder / CONFIG).write_text(text)
    weights = (folder / WEIGHTS).read_bytes()
    for content, words in ((weights[:200], 'truncated'), (b'version https://git-lfs.github.com/spec/v1\n', 'Git LFS'),
                           (b'', 'is empty')):
        (folder / WEIGHTS).write_bytes(content)
        with pytest.raises(ValueError, match=words):
            read_folder(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(FileNotFoundError, match='does not contain model.safetensors'):
        read_folder(folder)
    (folder / CONFIG).unlink()
    with pytest.raises(FileNotFoundError, match='does not contain config.json'):
        read_folder(folder)
    with pytest.raises(FileNotFoundError, match='there is no folder'):
        read_folder(tmp_path / 'nowhere')


def test_weights_of_another_network(folder):
    state = load_file(folder / WEIGHTS)
    state.pop(next(iter(state)))
    save_file(state, folder / WEIGHTS)
    with pytest.raises(ValueError, match='model.safetensors'):
        read_folder(folder)


def test_a_checkpoint_beside_a_folder_and_none_beside_a_config(student, folder):
    config, checkpoint, _ = student
    with pytest.raises(ValueError, match='leave out the checkpoint'):
        MultiTaskInferencer(folder, checkpoint)
    with pytest.raises(ValueError, match='leave out the config options'):
        MultiTaskInferencer(folder, options={'a': 1})
    with pytest.raises(ValueError, match='give such a folder, or a config and its checkpoint'):
        MultiTaskInferencer(config)


def test_what_cannot_be_written(student, tmp_path):
    one = student[2]
    foreign = {'trunk': {'experts': {'big': {'type': 'OnnxTeacher', 'file': 'a.onnx'}}}}
    with pytest.raises(ValueError, match=r"does not support the expert 'big' \(OnnxTeacher\), .* use --format onnx"):
        write_folder(type(one)(**{**vars(one), 'parts': foreign}), tmp_path / 'a')
    with pytest.raises(ValueError, match='cannot be written to config.json'):
        write_folder(type(one)(**{**vars(one), 'parts': {**one.parts, 'neck': build_net}}), tmp_path / 'a')
    assert not (tmp_path / 'a').exists()


EXPERT = """
tasks = dict({name}=dict(type='Classification', num_classes=3))
model = dict(data_preprocessor=dict(mean=(100, 90, 80), std=(50, 50, 50)), net=dict(
    backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2, 3), channels=(4, 6, 8, 8), stem_width=8,
                  stem_stride=2, pretrained=True),
    neck=dict(type='PoolNeck'), head=dict(type='LinearHead')))
"""
JOINT = """
tasks = dict(a=dict(type='Classification', num_classes=3), b=dict(type='Classification', num_classes=3))
model = dict(data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1)), net=dict(head=dict(type='LinearHead'), trunk=dict(
    type='JointTrunk', fuse='stride4', channels=(5, 6), width=4, experts=dict(
        a=dict(config='a.py', checkpoint='{folder}/a.pth'), b=dict(config='{inner}', checkpoint='{folder}/{kept}')))))
"""


@pytest.fixture(scope='module')
def joint(tmp_path_factory):
    """A joint teacher of an expert and of a joint teacher, with random weights; its configs and checkpoints are gone."""
    folder = tmp_path_factory.mktemp('joint')
    for name in 'ab':
        (folder / f'{name}.py').write_text(EXPERT.format(name=name))
    (folder / 'inner.py').write_text(JOINT.format(folder=folder, inner='b.py', kept='b.pth').replace('stride4', 'stride8')
                                     .replace('(5, 6)', '(6,)'))
    (folder / 'joint.py').write_text(JOINT.format(folder=folder, inner='inner.py', kept='inner.pth')
                                     .replace("'stride4'", "dict(a='stride8', b='maps1')"))
    for seed, name in enumerate(('a', 'b', 'inner', 'joint')):
        cfg = resolved(load_config(folder / f'{name}.py'), 0, network_only=True)
        torch.manual_seed(seed)
        net = build_net(without_weights(cfg.model.net) if name in 'ab' else cfg.model.net,
                        dict.fromkeys(cfg.tasks, 3))
        torch.save({'state_dict': {f'net.{key}': value for key, value in net.state_dict().items()}, 'meta': {}},
                   folder / f'{name}.pth')
    student = load_student(folder / 'joint.py', folder / 'joint.pth')
    for path in folder.iterdir():
        path.unlink()
    return student


def test_a_joint_teacher_brings_its_experts(joint, tmp_path, recwarn):
    write_folder(joint, tmp_path / 'toy', (32, 32))
    names = {key.rpartition('/')[0] for key in load_file(tmp_path / 'toy' / EXPERTS)}
    assert names == {'a', 'b', 'b/a', 'b/b'} and not any('experts.' in key for key in load_file(tmp_path / 'toy' / WEIGHTS))
    assert str(tmp_path.parent) not in (tmp_path / 'toy' / CONFIG).read_text(), 'no path of this machine'
    predict = MultiTaskInferencer(tmp_path / 'toy')
    assert not [str(warning.message) for warning in recwarn if 'teacher' in str(warning.message)]
    shown = torch.from_numpy(PICTURE[:32, :32].transpose(2, 0, 1).copy())[None]
    with torch.no_grad():
        ours, theirs = joint.net(shown.float()), predict.net(shown.float())
    assert torch.equal(ours['a.out'], theirs['a.out']) and ours['b.out'].std() > 0


def test_experts_that_are_missing_or_others(joint, student, tmp_path):
    write_folder(joint, tmp_path, (32, 32))
    state = load_file(tmp_path / EXPERTS)
    save_file({key: value + 1 if value.is_floating_point() else value for key, value in state.items()}, tmp_path / EXPERTS)
    with pytest.raises(ValueError, match='trained with other weights of the experts a, b'):
        read_folder(tmp_path)
    save_file({key: value for key, value in state.items() if not key.startswith('a/')}, tmp_path / EXPERTS)
    with pytest.raises(ValueError, match="the weights of the expert 'a' in .*experts.safetensors does not fit"):
        read_folder(tmp_path)
    (tmp_path / EXPERTS).unlink()
    with pytest.raises(FileNotFoundError, match='does not contain experts.safetensors, the weights of the experts'):
        read_folder(tmp_path)
    save_file(state, tmp_path / EXPERTS)
    write_folder(student[2], tmp_path)
    assert not (tmp_path / EXPERTS).exists(), 'from the earlier export'
