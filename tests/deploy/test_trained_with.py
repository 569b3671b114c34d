"""Whether a config is the one that was trained with: no message if it is, and the differences if it is not."""

import shutil

import pytest

from mtkd.deploy.export import export
from mtkd.deploy.model_card import model_card
from mtkd.deploy.student import load_student
from mtkd.deploy.trained_with import changed_since_training, is_trial
from mtkd.engine.run import Job, train
from tests.engine.toy import write_config


@pytest.fixture(scope='module')
def taught(tmp_path_factory):
    """A student trained with a toy teacher, with one option that does not affect the network and one that does."""
    folder = tmp_path_factory.mktemp('taught')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('MTKD_WORK_DIRS', str(folder / 'work_dirs'))
        config = write_config(folder, 'small', iters=2, teacher=write_config(folder, 'big', iters=2))
        run = train(Job(str(config), {'log_level': 'ERROR'}, with_prerequisites=True))
        trial = train(Job(str(config), smoke=True))
    return folder, config, run / 'final.pth', trial / 'final.pth'


def test_a_taught_student_has_no_other_version(taught, tmp_path):
    _, config, checkpoint, _ = taught
    student = load_student(config, checkpoint)
    assert changed_since_training(student) == [] and not is_trial(student)
    text = model_card(student, export(student, tmp_path / 's.pth', 'state_dict'), metrics=None, config='small.py')
    assert 'trained with other values' not in text and '**' not in text
    assert '## Teachers' in text and 'big.py' in text and 'CauchySchwarz' in text


def test_without_the_teacher_s_work_dir(taught, monkeypatch, tmp_path):
    _, config, checkpoint, _ = taught
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    assert changed_since_training(load_student(config, checkpoint)) == []


def test_without_the_teacher_s_config(taught, tmp_path):
    folder, config, checkpoint, _ = taught
    alone = shutil.copy(config, tmp_path / 'small.py')
    (folder / 'big.py').rename(folder / 'away.py')
    try:
        assert changed_since_training(load_student(alone, checkpoint)) == []
    finally:
        (folder / 'away.py').rename(folder / 'big.py')


def test_what_was_changed_is_named(taught):
    _, config, checkpoint, _ = taught
    student = load_student(config, checkpoint, {'optim_wrapper.optimizer.lr': 0.2})
    assert changed_since_training(student) == ['optim_wrapper.optimizer.lr (0.05 then, 0.2 now)']


def test_a_trial_run_says_so(taught, tmp_path):
    _, config, _, checkpoint = taught
    student = load_student(config, checkpoint)
    assert is_trial(student) and changed_since_training(student) == []
    text = model_card(student, export(student, tmp_path / 's.pth', 'state_dict'), metrics=None, config='small.py')
    assert '**A trial run**' in text


def test_an_old_checkpoint_has_its_hash_alone(taught):
    _, config, checkpoint, _ = taught
    student = load_student(config, checkpoint)
    student.meta.pop('identity')
    student.meta['config_sha256'] = 'f' * 64
    assert changed_since_training(student)[0].startswith('the config (sha256 ffffffff then')
