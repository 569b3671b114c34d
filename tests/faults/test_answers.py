"""Every wrong input of tables.py is answered by a sentence with the right words: exit code 2, and never a traceback.

In this process; nothing is trained, and most inputs fail before a network is built.
"""

import json
import os
import subprocess
import sys

import pytest
import torch

from mtkd.cli.main import COMMANDS

from ..cli.called import run
from ..engine.toy import write_config
from ..leaderboard.cases import result
from . import tables

BARE = ('Traceback', '[Errno', 'object is not', 'not supported between', 'unexpected keyword argument',
        'required positional', 'unexpected TypeError', 'unexpected KeyError', 'unexpected AttributeError')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The configs and files that the tables use."""
    folder = tmp_path_factory.mktemp('faults')
    toy = write_config(folder)
    write_config(folder, 'student', teacher=toy, method='KD')
    write_config(folder, 'absent', teacher=folder / 'gone.py', method='KD')
    (folder / 'plain.yaml').write_text('tasks: !!python/object/apply:os.system ["touch ran"]\n')
    (folder / 'notes.txt').write_text('hello\n')
    (folder / 'broken.py').write_text('x = (')
    (folder / 'sweep.py').write_text("grid = dict(config=['missing.py'])")
    (folder / 'toy_sweep.py').write_text("config = 'toy.py'\ngrid = {'train_cfg.max_iters': [1, 2]}")
    (folder / 'nothing_here').mkdir()
    (folder / 'folder.pth').mkdir()
    (folder / 'empty.pth').write_bytes(b'')
    (folder / 'text.pth').write_text('hello\n')
    (folder / 'lfs.pth').write_text('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n')
    torch.save([1, 2], folder / 'list.pth')
    torch.save({'model': torch.nn.Linear(1, 1)}, folder / 'module.pth')
    torch.save({'state_dict': {'a': torch.zeros(500)}, 'meta': {}}, folder / 'final.pth')
    (folder / 'short.pth').write_bytes((folder / 'final.pth').read_bytes()[:800])
    return folder


@pytest.fixture
def answer(monkeypatch, capsys, tmp_path):
    """Run a command in an empty folder; returns its message after checking that it is an error message."""
    monkeypatch.chdir(tmp_path)
    for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT', 'LOCAL_RANK', 'SLURM_PROCID', 'SLURM_NTASKS'):
        monkeypatch.delenv(name, raising=False)

    def ask(command, *arguments):
        code, _, said = run(monkeypatch, capsys, command, *arguments)
        assert code == 2, f'exit code {code}: {said}'
        assert 'error' in said and not [bare for bare in BARE if bare in said], said
        assert not list(tmp_path.rglob('ran'))
        return said

    return ask


@pytest.mark.parametrize(('text', 'words'), tables.CONFIGS, ids=[text[:60] for text, _ in tables.CONFIGS])
def test_configs(answer, folder, tmp_path, text, words):
    config = folder / 'wrong.py'
    config.write_text(text if '_base_' in text else f"_base_ = ['toy.py']\n{text}\n")
    said = answer('train', config, '--work-dir', tmp_path / 'w')
    assert words in said, said
    assert 'wrong.py' in said or 'gone.py' in said or '.yaml' in said, 'the sentence names the file'


@pytest.mark.parametrize(('option', 'words'), tables.OPTIONS)
def test_options(answer, folder, tmp_path, option, words):
    said = answer('train', folder / 'toy.py', '--work-dir', tmp_path / 'w', '--cfg-options', option)
    assert words in said, said


@pytest.mark.parametrize(('launcher', 'environment', 'words'), tables.RENDEZVOUS)
def test_rendezvous(answer, folder, tmp_path, monkeypatch, launcher, environment, words):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert words in answer('train', folder / 'toy.py', '--work-dir', tmp_path / 'w', '--launcher', launcher)


@pytest.mark.parametrize('command', ['test', 'export', 'infer'])
@pytest.mark.parametrize(('file', 'words'), tables.CHECKPOINTS)
def test_checkpoints(answer, folder, tmp_path, command, file, words):
    (tmp_path / 'a.png').touch()
    picture = [tmp_path / 'a.png'] if command == 'infer' else []
    assert words in answer(command, folder / 'toy.py', folder / file, *picture)


@pytest.mark.parametrize(('key', 'value', 'words'), tables.RESULTS)
def test_results(answer, tmp_path, key, value, words):
    record = result({'semseg': 36.35}).to_json()
    record[key] = value
    (tmp_path / 'results.json').write_text(json.dumps({k: v for k, v in record.items() if v is not None}))
    said = answer('leaderboard', tmp_path / 'results.json')
    assert words in said and 'results.json' in said, said


@pytest.mark.parametrize('text', ['', '{', '[1, 2]', '"a"', 'null', '{"schema_version": 1e999}', '\x00'])
def test_results_that_are_no_record(answer, tmp_path, text):
    (tmp_path / 'results.json').write_text(text)
    assert 'results.json: ' in answer('leaderboard', tmp_path / 'results.json')


def _words(folder, line):
    places = {'toy': folder / 'toy.py', 'dir': folder, 'text': folder / 'notes.txt', 'gone': folder / 'gone'}
    return [part.format(**places) for part in line.split()]


ASK = """
import contextlib, io, json, sys
from importlib.machinery import PathFinder

class Refused:  # so that a command that gets past its checks does not go on to a training
    asked = []
    def find_spec(self, name, path=None, target=None):
        if name in ('torch', 'mmengine', 'numpy'):
            spec = PathFinder.find_spec(name)
            spec.loader = self
            return spec
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        self.asked.append(module.__name__)
        raise ImportError(module.__name__)

sys.meta_path.insert(0, Refused())
from mtkd.cli.main import main
answers = []
for line in json.load(sys.stdin):
    Refused.asked, said = [], io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main(line)
        except SystemExit as stop:
            code = stop.code
    answers.append((code, said.getvalue(), Refused.asked))
print(json.dumps(answers))
"""


@pytest.fixture(scope='module')
def answers(folder):
    """Exit code, message and heavy imports of every line of COMMANDS, in one process that forbids heavy imports."""
    lines = [line for line, _ in tables.COMMANDS]
    environment = {name: value for name, value in os.environ.items() if name != 'MTKD_TRACEBACK'}
    done = subprocess.run([sys.executable, '-c', ASK], input=json.dumps([_words(folder, line) for line in lines]), text=True,
                          capture_output=True, cwd=folder / 'nothing_here', env=environment, timeout=300, check=True)
    return dict(zip(lines, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize(('line', 'words'), tables.COMMANDS)
def test_commands_answer_before_torch_is_imported(answers, line, words):
    code, said, imported = answers[line]
    assert not imported and code == 2 and words in said, f'exit code {code}, imported {imported}: {said}'
    assert 'error' in said and not [bare for bare in BARE if bare in said], said


def test_every_command_has_such_a_line():
    assert {line.split()[0] for line, _ in tables.COMMANDS} >= set(COMMANDS)


@pytest.mark.parametrize(('line', 'words'), tables.COMMANDS_THAT_READ)
def test_commands_that_read(answer, folder, line, words):
    said = answer(*_words(folder, line))
    assert words in said, said


def test_the_tables_are_long_enough():
    assert sum(len(rows) for rows in (tables.CONFIGS, tables.OPTIONS, tables.RENDEZVOUS, tables.RESULTS, tables.COMMANDS,
                                         tables.COMMANDS_THAT_READ)) + 3 * len(tables.CHECKPOINTS) >= 200
