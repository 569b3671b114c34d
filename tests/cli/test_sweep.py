"""``mtkd sweep`` with real trainings of minimal size, one of which fails."""

import json
from pathlib import Path

import pytest

from mtkd.leaderboard import Result
from tests.engine.toy import write_config

from .called import run

SWEEP = """
config = {config!r}
grid = {{'optim_wrapper.optimizer.momentum': [0.5, -1.0]}}
labels = {{'optim_wrapper.optimizer.momentum': 'momentum'}}
seeds = [4]
references = ['nowhere']
note = 'A toy.'
"""


def sweep_file(folder: Path, text: str | None = None) -> Path:
    path = folder / 'toy_sweep.py'
    path.write_text(text or SWEEP.format(config=str(write_config(folder, iters=2))))
    return path


@pytest.mark.slow
def test_a_sweep_with_a_run_that_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    path, root = sweep_file(tmp_path), tmp_path / 'work_dirs' / 'sweeps' / 'toy_sweep'
    code, out, err = run(monkeypatch, capsys, 'sweep', path, '--jobs', 2)
    good, bad = root / 'momentum=0.5' / 'seed4', root / 'momentum=-1.0' / 'seed4'
    assert code == 1, out + err
    assert 'failed: momentum=-1.0/seed4 (exit code 1: ' in out and f'; log: {bad}/sweep.log' in out
    assert 'Invalid momentum value: -1.0' in out and '1 done, 1 failed' in out
    assert 'note: the folder nowhere in references of the sweep file does not exist' in out
    result = Result.read(good / 'results.json')
    assert (result.method, result.seed) == ('MT(momentum=0.5)', 4)
    assert f'--work-dir {good}' in (good / 'sweep.log').read_text()
    [row] = json.loads((root / 'leaderboard.json').read_text())['suites']['toy']['measured']
    assert row['method'] == 'momentum = 0.5' and row['seeds'] == [4]
    assert 'No Δ<sub>mt</sub>' in (root / 'leaderboard.html').read_text()
    assert 'A toy.' in (root / 'leaderboard.md').read_text()

    before = (good / 'sweep.log').read_text(), (good / 'final.pth').stat().st_mtime_ns
    path.write_text(path.read_text().replace(', -1.0]', ']'))
    code, out, _ = run(monkeypatch, capsys, 'sweep', path)
    assert code == 0 and 'momentum=0.5/seed4: already done' in out and '1 done\n' in out
    assert before == ((good / 'sweep.log').read_text(), (good / 'final.pth').stat().st_mtime_ns), 'nothing was run again'


def test_a_dry_run_says_what_would_be_run(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    code, out, _ = run(monkeypatch, capsys, 'sweep', sweep_file(tmp_path), '--dry-run')
    assert code == 0 and 'momentum=0.5/seed4: to run\n' in out
    assert out.count('-m mtkd train ') == out.count('-m mtkd test ') == 2
    assert not (tmp_path / 'work_dirs').exists()


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (['{tmp}/none.py'], 'there is no sweep file'),
    (['{sweep}', '--cfg-options', 'train_cfg.max_itres=3'], 'nearest: max_iters'),
    (['{sweep}', '--cluster-options', 'timeout_min=3'], '--cluster-options needs --cluster'),
])
def test_a_mistake_is_one_sentence(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    path = sweep_file(tmp_path)
    code, _, err = run(monkeypatch, capsys, 'sweep', *[item.format(tmp=tmp_path, sweep=path) for item in arguments])
    said = [line for line in err.splitlines() if line.startswith('error: ')]
    assert code == 2 and len(said) == 1 and sentence in said[0] and 'Traceback' not in err
