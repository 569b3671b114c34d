import importlib.util
import sys
from pathlib import Path

import pytest

from mtkd.datasets.synthetic import write_nyud_mt
from mtkd.engine.cli import exit_code

REPOSITORY = Path(__file__).parents[2]
NYUD, PASCAL = (str(REPOSITORY / 'configs' / 'baselines' / f'mt_hrnet18_{name}.py') for name in ('nyud', 'pascal'))

_SPEC = importlib.util.spec_from_file_location('browse_tool', REPOSITORY / 'tools' / 'browse_dataset.py')
tool = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tool)


@pytest.fixture
def call(monkeypatch, tmp_path):
    """Run the tool as its last line does, with tmp_path/out for --out."""
    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['browse_dataset.py', *map(str, arguments), '--out', str(tmp_path / 'out')])
        return exit_code(tool.main)
    return run


def test_smoke_writes_panels_and_prints_a_table(call, tmp_path, capsys):
    assert call(PASCAL, '--smoke', '--num', 2, '--draws', 3, '--split', 'val') == 0
    out = capsys.readouterr().out
    assert 'SyntheticScenes, val: 4 samples, 2 looked at' in out
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert '6/6' in lines['semseg'] and 'classes:' in lines['semseg'] and '1 on' in lines['edge']
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['val_00.png']


def test_options_reach_the_pipeline(call, capsys):
    assert call(NYUD, '--smoke', '--num', 1, '--cfg-options', 'tasks.semseg.num_classes=17') == 0
    assert ' of 17 classes' in capsys.readouterr().out


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (['{config}', '--data-root', '{data}/nowhere'], 'train.txt'),
    (['{config}x'], 'did you mean'),
    (['{config}', '--smoke', '--cfg-options', 'tasks.semsegg.num_classes=17'], 'nearest: semseg'),
    (['{config}', '--smoke', '--cfg-options', 'train_dataloader.dataset.pipeline.0.type=RandomScalling'], 'RandomScaling'),
])
def test_mistakes_are_one_sentence(call, capsys, tmp_path, arguments, sentence):
    assert call(*(text.format(config=NYUD, data=tmp_path) for text in arguments)) == 2
    err = capsys.readouterr().err
    assert sentence in err and 'Traceback' not in err and err.startswith('error: ')


def test_a_broken_file_is_named(call, capsys, tmp_path):
    write_nyud_mt(tmp_path / 'NYUD_MT', 0, {'train': 1}, size=(32, 48))
    (tmp_path / 'NYUD_MT' / 'depth' / '0001.npy').write_bytes(b'nothing')
    assert call(NYUD, '--data-root', tmp_path) == 2
    err = capsys.readouterr().err
    assert '0001.npy' in err and 'Traceback' not in err


@pytest.mark.parametrize('number', ['0', '-1', 'two'])
def test_numbers_are_positive(call, capsys, number):
    with pytest.raises(SystemExit) as stop:
        call(PASCAL, '--smoke', f'--num={number}')
    assert stop.value.code == 2 and 'positive whole number' in capsys.readouterr().err


def test_panels_go_beside_the_work_dirs(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path))
    monkeypatch.setattr(sys, 'argv', ['browse_dataset.py', PASCAL, '--smoke', '--num', '1'])
    assert exit_code(tool.main) == 0
    assert (tmp_path / 'mt_hrnet18_pascal' / 'browse' / 'train_00.png').is_file()
