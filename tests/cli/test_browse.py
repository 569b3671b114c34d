from pathlib import Path

import pytest

from mtkd.cli import browse as command
from mtkd.datasets.synthetic import write_nyud_mt
from mtkd.studies import browse

from .called import run

REPOSITORY = Path(__file__).parents[2]
NYUD, PASCAL = (str(REPOSITORY / 'configs' / 'baselines' / f'mt_hrnet18_{name}.py') for name in ('nyud', 'pascal'))


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run the command with --out tmp_path/out: exit code, stdout and stderr."""
    return lambda *arguments: run(monkeypatch, capsys, 'browse', *arguments, '--out', tmp_path / 'out')


def test_smoke_writes_panels_and_prints_a_table(call, tmp_path):
    code, out, _ = call(PASCAL, '--smoke', '--num', 2, '--draws', 3, '--split', 'val')
    assert code == 0 and 'SyntheticScenes, val: 4 samples, 2 shown' in out
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert '6/6' in lines['semseg'] and 'classes:' in lines['semseg'] and '1 on' in lines['edge']
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['val_00.png']


def test_options_reach_the_pipeline(call):
    code, out, _ = call(NYUD, '--smoke', '--num', 1, '--cfg-options', 'tasks.semseg.num_classes=17')
    assert code == 0 and ' of 17 classes' in out


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (['{config}', '--data-root', '{data}/nowhere'], 'train.txt'),
    (['{config}x'], 'did you mean'),
    (['{config}', '--smoke', '--cfg-options', 'tasks.semsegg.num_classes=17'], 'nearest: semseg'),
    (['{config}', '--smoke', '--cfg-options', 'train_dataloader.dataset.pipeline.0.type=RandomScalling'], 'RandomScaling'),
])
def test_mistakes_are_one_sentence(call, tmp_path, arguments, sentence):
    code, _, err = call(*(text.format(config=NYUD, data=tmp_path) for text in arguments))
    assert code == 2 and sentence in err and 'Traceback' not in err and err.startswith('error: ')


def test_a_broken_file_is_named(call, tmp_path):
    write_nyud_mt(tmp_path / 'NYUD_MT', 0, {'train': 1}, size=(32, 48))
    (tmp_path / 'NYUD_MT' / 'depth' / '0001.npy').write_bytes(b'nothing')
    code, _, err = call(NYUD, '--data-root', tmp_path)
    assert code == 2 and '0001.npy' in err and 'Traceback' not in err


@pytest.mark.parametrize('number', ['0', '-1', 'two'])
def test_numbers_are_positive(call, number):
    code, _, err = call(PASCAL, '--smoke', f'--num={number}')
    assert code == 2 and 'positive whole number' in err


def test_panels_go_beside_the_work_dirs(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    assert run(monkeypatch, capsys, 'browse', PASCAL, '--smoke', '--num', '1')[0] == 0
    assert (tmp_path / 'mt_hrnet18_pascal' / 'browse' / 'train_00.png').is_file()


def test_the_splits_are_those_there_are():
    assert command.SPLITS == browse.SPLITS
