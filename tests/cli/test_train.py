"""``mtkd train`` and the commands after it: their output, files and exit codes."""

import json
from pathlib import Path

import pytest

from mtkd.leaderboard import Result
from tests.engine.toy import write_config

from .called import run

ROOT = Path(__file__).resolve().parents[2]


def test_train_then_test_then_leaderboard(tmp_path, monkeypatch, capsys):
    config = write_config(tmp_path, iters=2)
    code, out, _ = run(monkeypatch, capsys, 'train', config, '--work-dir', tmp_path / 'run', '--seed', 4)
    assert code == 0 and f'done: {tmp_path / "run"}' in out
    code, out, _ = run(monkeypatch, capsys, 'test', config, tmp_path / 'run/final.pth', '--show-dir', tmp_path / 'show',
                       '--num-pictures', 2)
    assert code == 0 and 'rmse' in out and len(list((tmp_path / 'show').glob('*.png'))) == 2
    result = Result.read(tmp_path / 'run/results.json')
    assert (result.suite, result.method, result.seed, result.role) == ('toy', 'MT', 4, 'multi_task')
    assert result.config_sha256 == json.loads((tmp_path / 'run/results.json').read_text())['config_sha256'] != ''
    assert result.params and result.macs and result.images_per_second and result.peak_memory_bytes
    assert result.metrics['depth']['rmse'].unit == 'm' and result.versions['torch']
    code, out, _ = run(monkeypatch, capsys, 'leaderboard', tmp_path / 'run')
    assert code == 0 and '| MT' in out


@pytest.mark.parametrize(('tool', 'arguments', 'sentence'), [
    ('train', ['nowhere.py'], 'there is no config nowhere.py'),
    ('train', ['configs/kdam/swinT_from_swinL_nyud.py', '--work-dir', '{tmp}'], 'train it with: mtkd train'),
    ('train', ['configs/quickstart/student.py', '--cfg-options', 'train_cfg.max_itres=3'], 'nearest: max_iters'),
    ('train', ['configs/baselines/mt_hrnet18_camvid.py', '--data-root', '{tmp}', '--work-dir', '{tmp}/w',
                  '--cfg-options', 'model.net.backbone.pretrained=False'], '{tmp}'),
    ('train', ['configs/quickstart/student_kdam.py', '--with-prerequisites', '--launcher', 'pytorch'],
     'runs in a single process'),
])
def test_a_mistake_is_one_sentence(tool, arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    code, _, err = run(monkeypatch, capsys, tool, *[argument.replace('{tmp}', str(tmp_path)) for argument in arguments])
    said = [line for line in err.splitlines() if line.startswith('error: ')]
    assert code == 2 and len(said) == 1 and 'Traceback' not in err
    assert sentence.replace('{tmp}', str(tmp_path)) in said[0]
