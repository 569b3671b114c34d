"""One function derives the config of training and of testing."""

import pytest

from mtkd.engine.checkpoint import FINAL, write_atomically
from mtkd.engine.config import default_work_dir, load_config
from mtkd.engine.job import Job, resolve
from mtkd.engine.prerequisite import MissingPrerequisite
from tests.engine.toy import write_config


def test_the_work_dir(monkeypatch, tmp_path):
    monkeypatch.setenv('MTKD_WORK_DIRS', 'w')
    assert str(Job('a/c.py', seed=3).folder) == 'w/c/seed3' and str(Job('a/c.py', smoke=True).folder) == 'w/c/seed0/smoke'
    assert Job('a/c.py', work_dir=tmp_path, smoke=True).folder == tmp_path


def test_a_test_has_nothing_of_the_training(tmp_path):
    path = write_config(tmp_path)
    hooks = [{'type': 'EMAHook', 'momentum': .1}, {'type': 'ProgressHook', 'title': 'x'}]
    options = {'custom_hooks': hooks, 'model.balance': {'type': 'MGDA'}}
    train, test = (Job(str(path), options, work_dir=tmp_path).prepared(training=training) for training in (True, False))
    assert [hook.type for hook in train.custom_hooks] == ['EMAHook', 'ProgressHook'] and train.model.balance.type == 'MGDA'
    assert [hook.type for hook in test.custom_hooks] == ['ProgressHook'] and test.model.balance is None
    assert test.train_dataloader is test.optim_wrapper is test.val_evaluator is test.load_from is None
    assert test.default_hooks.checkpoint is test.default_hooks.runtime_info is None
    assert test.test_dataloader == train.test_dataloader and test.model.net == train.model.net


def test_only_a_training_needs_its_teachers(tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'w'))
    big = write_config(tmp_path, 'big')
    small = write_config(tmp_path, 'small')
    teachers = f'dict(big=dict(config={str(big)!r}))'
    small.write_text(f"{small.read_text()}\nmodel['distiller'] = dict(teachers={teachers}, links=[])\n")
    job = Job(str(small), work_dir=tmp_path)
    assert job.prepared(training=False, with_teachers=False).model.distiller is None
    with pytest.raises(MissingPrerequisite, match="teacher 'big'"):
        job.prepared()
    checkpoint = default_work_dir(big, 0) / FINAL
    checkpoint.parent.mkdir(parents=True)
    write_atomically({'state_dict': {}}, checkpoint)
    for training in (True, False):
        found = job.prepared(training=training).model.distiller.teachers.big
        assert found.checkpoint == str(checkpoint) and found.type == 'MultiTaskTeacher'
    assert job.prepared(job.resolved()).model == job.prepared().model


def test_a_teacher_cache_becomes_a_hook_of_the_training_alone(tmp_path):
    job = Job(str(write_config(tmp_path)), {'teacher_cache': {'views': 2}}, work_dir=tmp_path)
    assert job.prepared().custom_hooks[0] == {'type': 'TeacherCacheHook', 'views': 2}
    assert not job.prepared(training=False).get('custom_hooks')
    assert not resolve(load_config(job.config, job.options), 0, smoke=True).teacher_cache
