"""The output, files and exit codes of ``mtkd export``."""

import re

import cv2
import numpy as np
import pytest
from huggingface_hub import ModelCard

from mtkd.cli import export as command
from mtkd.deploy.export import FORMATS
from mtkd.engine.config import config_hash, load_config
from mtkd.leaderboard import Result
from tests.deploy.deployed import write_student

from .called import run


@pytest.fixture
def call(monkeypatch, capsys):
    """Exit code, stdout and the lines with errors and notes of a command."""
    def called(command, *arguments):
        code, out, err = run(monkeypatch, capsys, command, *arguments)
        assert 'Traceback' not in err
        return code, out, [line for line in err.splitlines() if re.search('(error|note): ', line)]
    return called


def write_results(folder, config, **changed):
    """Write the results record of the toy student."""
    sha = config_hash(load_config(config).to_dict())
    Result.of({'semseg': {'miou': (31.0, '%', True)}, 'depth': {'rmse': (0.7, 'm', False)}},
              **{'suite': 'toy', 'method': 'MT', 'config': str(config), 'config_sha256': sha, 'seed': 3, 'student': 'tiny',
                 'backbone': 'tiny', 'tasks': ['semseg', 'depth'], 'role': 'multi_task',
                 'primary': {'semseg': 'miou', 'depth': 'rmse'}, 'test_set': 'toy, val', 'train_set': 'toy',
                 'protocol': 'last checkpoint', **changed}).write(folder / 'results.json')


def test_a_hub_folder(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    write_results(tmp_path, config)
    code, _, errors = call('export', config, checkpoint, '--format', 'hub', '--licence', 'mit', '--out', tmp_path / 'toy')
    assert code == 0, errors
    assert {path.name for path in (tmp_path / 'toy').iterdir()} == {'model.safetensors', 'config.json', 'README.md'}
    card = ModelCard.load(tmp_path / 'toy' / 'README.md')
    assert card.data.license == 'mit' and card.data.library_name == 'mtkd'
    assert [(r.task_name, r.metric_value) for r in card.data.eval_results] == [('semseg', 31.0), ('depth', 0.7)]
    assert "MultiTaskInferencer('toy')" in card.text and 'On toy, val, last checkpoint.' in card.text
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((40, 50, 3), 90, np.uint8))
    code, _, errors = call('infer', tmp_path / 'toy', tmp_path / 'a.png', '--out', tmp_path / 'p')
    assert code == 0 and (tmp_path / 'p' / '00000_a_depth.png').is_file(), errors


@pytest.mark.parametrize('changed', [{'seed': 4}, {'config_sha256': 'x'}])
def test_results_of_another_run_are_refused(call, tmp_path, changed):
    config, checkpoint = write_student(tmp_path)
    write_results(tmp_path, config, **changed)
    code, _, errors = call('export', config, checkpoint, '--format', 'state_dict')
    assert code == 2 and 'belongs to another run than' in errors[0] and not (tmp_path / 'student.pth').exists()


def test_export_writes_a_file_and_a_card(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    write_results(tmp_path, config)
    code, out, _ = call('export', config, checkpoint, '--format', 'state_dict')
    assert code == 0 and 'largest difference 0' in out and (tmp_path / 'student.pth').is_file()
    card = (tmp_path / 'student.md').read_text()
    assert '| depth | rmse | 0.7 m |' in card and 'no terms of third parties' in card


def test_export_mistakes_are_one_sentence(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    for arguments, sentence in ((['--out', checkpoint], 'the checkpoint itself'), (['--out', tmp_path], 'is a folder'),
                                (['--size', 0, 5], 'a height and a width'),
                                (['--results', tmp_path / 'no.json'], 'no.json')):
        code, _, errors = call('export', config, checkpoint, '--format', 'state_dict', *arguments)
        assert code == 2 and len(errors) == 1 and sentence in errors[0]


def test_the_formats_are_those_there_are():
    assert command.FORMATS == FORMATS and command.HUB not in FORMATS
