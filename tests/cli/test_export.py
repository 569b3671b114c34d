"""What ``mtkd export`` prints, writes and returns."""

import re

import pytest

from mtkd.cli import export as command
from mtkd.deploy.export import FORMATS
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


def test_export_writes_a_file_and_a_card(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    Result.of({'semseg': {'miou': (31.0, '%', True)}, 'depth': {'rmse': (0.7, 'm', False)}}, suite='toy', method='MT',
              config=str(config), config_sha256='x', seed=0, student='tiny', backbone='tiny', tasks=['semseg', 'depth'],
              role='multi_task', primary={'semseg': 'miou', 'depth': 'rmse'}, test_set='toy, val',
              train_set='toy').write(tmp_path / 'results.json')
    code, out, _ = call('export', config, checkpoint, '--format', 'state_dict')
    assert code == 0 and 'largest difference 0' in out and (tmp_path / 'student.pth').is_file()
    card = (tmp_path / 'student.md').read_text()
    assert '| depth | rmse | 0.7 m |' in card and 'no terms of others' in card


def test_export_mistakes_are_one_sentence(call, tmp_path):
    config, checkpoint = write_student(tmp_path)
    for arguments, sentence in ((['--out', checkpoint], 'the checkpoint itself'), (['--out', tmp_path], 'is a folder'),
                                (['--size', 0, 5], 'a height and a width'),
                                (['--results', tmp_path / 'no.json'], 'no.json')):
        code, _, errors = call('export', config, checkpoint, '--format', 'state_dict', *arguments)
        assert code == 2 and len(errors) == 1 and sentence in errors[0]


def test_the_formats_are_those_there_are():
    assert command.FORMATS == FORMATS
