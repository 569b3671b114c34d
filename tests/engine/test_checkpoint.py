"""Checkpoints: complete or absent, without the teacher, bit-equal resuming after a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from mtkd.engine.checkpoint import CheckpointHook, check_fit, load, newest_resumable, numbered_checkpoints, write_atomically
from mtkd.engine.run import Job, train
from tests.engine.toy import write_config

ROOT = Path(__file__).resolve().parents[2]


def start(config: Path, work_dir: Path, *extra: str) -> subprocess.Popen:
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'MTKD_WORK_DIRS': str(config.parent / 'work_dirs')}
    return subprocess.Popen([sys.executable, str(ROOT / 'tools/train.py'), str(config), '--work-dir', str(work_dir), *extra],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def finish(process: subprocess.Popen) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output[-2000:]
    return output


def test_killed_run_resumes_bit_equal(tmp_path):
    config = write_config(tmp_path, iters=12, interval=1)
    finish(start(config, tmp_path / 'whole'))
    killed = tmp_path / 'killed'
    process = start(config, killed)
    deadline = time.time() + 240
    while not (killed / 'iter_3.pth').exists() and process.poll() is None and time.time() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, 'the run ended before it could be killed'
    newest = numbered_checkpoints(killed)[0]
    newest.write_bytes(newest.read_bytes()[:1000])  # a truncated file: resuming must use the previous one
    output = finish(start(config, killed, '--resume'))
    assert f'{newest} cannot be loaded and is skipped' in output
    assert 'resuming from' in output
    whole, resumed = (load(tmp_path / name / 'iter_12.pth') for name in ('whole', 'killed'))
    for key, value in whole['state_dict'].items():
        assert torch.equal(value, resumed['state_dict'][key]), key
    for group, other in zip(whole['optimizer']['state'].values(), resumed['optimizer']['state'].values(), strict=True):
        assert torch.equal(group['momentum_buffer'], other['momentum_buffer'])
    final = load(tmp_path / 'killed' / 'final.pth')
    assert set(final) == {'meta', 'state_dict'}
    assert all(key.startswith('net.') for key in final['state_dict'])


def test_keeps_the_newest_two_and_never_a_partial_file(tmp_path):
    config = write_config(tmp_path, iters=5, interval=1)
    finish(start(config, tmp_path / 'run'))
    assert [p.name for p in numbered_checkpoints(tmp_path / 'run')] == ['iter_5.pth', 'iter_4.pth']
    assert not list((tmp_path / 'run').glob('.partial*'))


def test_newest_resumable_passes_over_what_does_not_load(tmp_path):
    for number in (2, 4, 10):
        write_atomically({'state_dict': {'a': torch.ones(2)}, 'meta': {'iter': number}}, tmp_path / f'iter_{number}.pth')
    (tmp_path / 'iter_10.pth').write_bytes(b'not a checkpoint')
    found, broken = newest_resumable(tmp_path)
    assert found == tmp_path / 'iter_4.pth'
    assert broken == [tmp_path / 'iter_10.pth']
    assert newest_resumable(tmp_path / 'nowhere') == (None, [])


def test_foreign_pickles_are_refused(tmp_path):
    path = tmp_path / 'foreign.pth'
    torch.save({'net': Path('x')}, path)
    with pytest.raises(ValueError, match=r'foreign\.pth contains Python objects, which are not loaded'):
        load(path)
    with pytest.raises(FileNotFoundError, match='does not exist'):
        load(tmp_path / 'nothing.pth')


def test_check_fit_names_the_keys():
    net = torch.nn.Linear(2, 3)
    check_fit(net, net.state_dict(), 'it')
    with pytest.raises(ValueError, match=r"1 keys missing \['bias'\], 1 left over \['bia'\].*is bias its bia"):
        check_fit(net, {'weight': torch.zeros(3, 2), 'bia': torch.zeros(3)}, 'it')
    with pytest.raises(ValueError, match=r'weight: \(1, 1\) for \(3, 2\)'):
        check_fit(net, {'weight': torch.zeros(1, 1), 'bias': torch.zeros(3)}, 'it')


def test_interval_and_keep_are_checked():
    with pytest.raises(ValueError, match='keep >= 2'):
        CheckpointHook(interval=5, keep=1)


class _Accumulating:
    _accumulative_counts = 4


def test_interval_inside_an_accumulation_is_refused(tmp_path):
    class Runner:
        optim_wrapper = _Accumulating()
        work_dir, iter = str(tmp_path), 0

    with pytest.raises(ValueError, match='not a multiple of optim_wrapper.accumulative_counts=4'):
        CheckpointHook(interval=6).before_train(Runner())
    CheckpointHook(interval=8).before_train(Runner())


def test_a_teacher_that_follows_is_resumed_and_not_deployed(tmp_path):
    """Resuming from the second of four steps equals an uninterrupted run; ``final.pth`` does not contain it and starts a new
    training.
    """
    following = {'model.distiller': {
        'teachers': {'ema': {'type': 'EMATeacher', 'decay': 0.5}},
        'links': {'each_task': {'loss': {'type': 'OutputL1'}}}}}
    folders = {}
    for name in ('whole', 'stopped', 'resumed'):
        config = write_config(tmp_path, iters=4, interval=2)
        folders[name] = tmp_path / ('whole' if name == 'whole' else 'stopped')
        if name == 'resumed':
            for late in ('iter_4.pth', 'final.pth'):
                (folders[name] / late).unlink()
        train(Job(str(config), options=dict(following), work_dir=folders[name], resume=name == 'resumed'))
    whole, resumed = (load(folders[name] / 'iter_4.pth')['state_dict'] for name in ('whole', 'resumed'))
    average = [key for key in whole if key.startswith('distiller.teachers.ema.average.')]
    assert average and whole.keys() == resumed.keys()
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), key
    final = load(folders['whole'] / 'final.pth')
    assert not [key for key in final['state_dict'] if key.startswith('distiller.teachers.')]
    config = write_config(tmp_path, 'next', iters=1, interval=1)
    start = {'load_from': str(folders['whole'] / 'final.pth')}
    train(Job(str(config), options={**following, **start}, work_dir=tmp_path / 'next'))
