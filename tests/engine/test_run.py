"""Complete training and testing in this process: logs, results, strict loading, resuming, two ranks."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch

from mtkd.engine.checkpoint import load
from mtkd.engine.run import Job, train
from mtkd.engine.run import test as score
from tests.engine.toy import write_config

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='module')
def trained(tmp_path_factory) -> tuple[Path, Path]:
    """A toy config trained for six iterations: (config, work dir)."""
    folder = tmp_path_factory.mktemp('trained')
    config = write_config(folder, iters=6, val_interval=3)
    return config, train(Job(str(config), work_dir=folder / 'run', seed=1))


def test_the_log_holds_every_term(trained):
    lines = [json.loads(line) for line in (trained[1] / 'vis_data' / 'scalars.json').read_text().splitlines()]
    train_lines = [line for line in lines if 'semseg/ce' in line]
    assert [line['step'] for line in train_lines] == [2, 4, 6]
    for line in train_lines:
        assert line['loss'] == pytest.approx(line['semseg/ce'] + line['depth/l1'], rel=1e-5)
    assert any('semseg/mIoU' in line and 'depth/rmse' in line for line in lines)


def test_checkpoint_says_what_made_it(trained):
    meta = load(trained[1] / 'final.pth')['meta']
    assert meta['seed'] == 1 and meta['iter'] == 6
    assert len(meta['config_sha256']) == 64


def test_scoring_a_checkpoint(trained, tmp_path):
    facts = score(Job(str(trained[0]), work_dir=tmp_path), trained[1] / 'final.pth', tmp_path / 'show', num_pictures=3)
    assert set(facts.metrics) == {'semseg', 'depth'}
    value, unit, higher = facts.metrics['depth']['rmse']
    assert value > 0 and unit == 'm' and not higher
    assert facts.primary == {'semseg': 'mIoU', 'depth': 'rmse'}
    assert facts.cost.params > 0 and facts.cost.macs > 0 and facts.cost.input_size == (32, 48)
    assert facts.cost.images_per_second > 0 and facts.peak_memory_bytes > 0
    assert len(list((tmp_path / 'show').glob('*.png'))) == 3


def test_a_balance_that_needs_teachers_is_not_needed_to_score(trained, tmp_path):
    config = write_config(tmp_path, 'bam', iters=2, teacher=trained[0])
    told = config.read_text().replace('default_hooks = dict(', "default_hooks = dict(balance=dict(type='BalanceHook'), ")
    config.write_text(told.replace("balance=dict(type='WeightedSum')", "balance=dict(type='BAM')"))
    links = {'model.distiller.teachers.big.checkpoint': str(trained[1] / 'final.pth')}
    folder = train(Job(str(config), work_dir=tmp_path / 'run', options=links))
    assert set(score(Job(str(config), work_dir=tmp_path / 'test'), folder / 'final.pth').metrics) == {'semseg', 'depth'}


def test_teachers_in_the_pictures(trained, tmp_path):
    config = write_config(tmp_path, 'taught', iters=2, teacher=trained[0])
    job = Job(str(config), work_dir=tmp_path / 'run',
              options={'model.distiller.teachers.big.checkpoint': str(trained[1] / 'final.pth')})
    student = train(job) / 'final.pth'
    score(job, student, tmp_path / 'show', 1, show_teachers=True)
    tall, wide = cv2.imread(str(next((tmp_path / 'show').glob('*.png')))).shape[:2]
    assert tall / wide > 0.8, 'four rows: label, student, teacher, error'
    with pytest.raises(ValueError, match='add --show-dir'):
        score(job, student, show_teachers=True)
    with pytest.raises(ValueError, match='has no teachers'):
        score(Job(str(trained[0]), work_dir=tmp_path), trained[1] / 'final.pth', tmp_path / 'show', show_teachers=True)


def test_a_checkpoint_of_another_config_is_refused(trained, tmp_path):
    text = trained[0].read_text().replace('channels=8, norm', 'channels=16, norm')
    other = tmp_path / 'other.py'
    other.write_text(text)
    with pytest.raises(ValueError, match=r'final\.pth does not fit this config'):
        score(Job(str(other), work_dir=tmp_path), trained[1] / 'final.pth')
    with pytest.raises(FileNotFoundError, match='does not exist'):
        score(Job(str(trained[0]), work_dir=tmp_path), tmp_path / 'nothing.pth')


def test_resume_refuses_another_net(trained, tmp_path):
    other = tmp_path / 'other.py'
    other.write_text(trained[0].read_text().replace('lateral_channels=8', 'lateral_channels=4'))
    job = Job(str(other), work_dir=tmp_path / 'run', seed=1, resume_from=trained[1] / 'iter_4.pth')
    with pytest.raises(ValueError, match=r'to another run .*: model\.net\.neck\.lateral_channels \(8 then, 4 now\)'):
        train(job)
    with pytest.raises(ValueError, match='does not fit this config'):
        train(replace(job, take_config=True))


def test_the_same_seed_gives_the_same_weights(trained, tmp_path):
    again = train(Job(str(trained[0]), work_dir=tmp_path / 'again', seed=1))
    other = train(Job(str(trained[0]), work_dir=tmp_path / 'other', seed=2))
    first, second, third = (load(folder / 'final.pth')['state_dict'] for folder in (trained[1], again, other))
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], third[key]) for key in first)


def test_bf16_trains(trained, tmp_path):
    folder = train(Job(str(trained[0]), work_dir=tmp_path / 'bf16', amp='bf16', seed=1))
    lines = [json.loads(line) for line in (folder / 'vis_data' / 'scalars.json').read_text().splitlines()]
    full = [json.loads(line) for line in (trained[1] / 'vis_data' / 'scalars.json').read_text().splitlines()]
    assert lines[0]['loss'] != full[0]['loss'], 'autocast had no effect'
    assert lines[0]['loss'] == pytest.approx(full[0]['loss'], rel=0.05)


def test_two_gloo_ranks_equal_one_process(trained, tmp_path):
    """torchrun on the CPU: 2 ranks x batch 2 against 1 process x batch 4, with GroupNorm, no dropout, no drop path."""
    text = trained[0].read_text().replace(', dropout=0.1', '').replace(', drop_path_rate=0.1', '')
    for name, batch in (('one', 4), ('two', 2)):
        (tmp_path / f'{name}.py').write_text(text.replace('batch_size=4, num_workers', f'batch_size={batch}, num_workers'))
    train(Job(str(tmp_path / 'one.py'), work_dir=tmp_path / 'w_one'))
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    done = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2',
         str(ROOT / 'tools/train.py'), str(tmp_path / 'two.py'), '--launcher', 'pytorch', '--work-dir',
         str(tmp_path / 'w_two')], capture_output=True, text=True, env=environment, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = (load(tmp_path / f'w_{name}' / 'final.pth')['state_dict'] for name in ('one', 'two'))
    for key in one:
        torch.testing.assert_close(one[key], two[key], rtol=1e-4, atol=1e-6, msg=lambda m, key=key: f'{key}: {m}')

    def read(name: str) -> list[dict]:
        return [json.loads(line) for line in (tmp_path / name / 'vis_data/scalars.json').read_text().splitlines()]

    for a, b in zip(read('w_one'), read('w_two'), strict=True):
        for term in ('loss', 'semseg/ce', 'depth/l1', 'semseg/mIoU', 'depth/rmse'):
            if term in a:
                assert a[term] == pytest.approx(b[term], rel=1e-3, abs=1e-3), term


def test_runs_in_the_same_second_keep_logs_of_their_own(trained, tmp_path):
    for name in ('first', 'second', 'third'):
        score(Job(str(trained[0]), work_dir=tmp_path / name), trained[1] / 'final.pth')
        assert list((tmp_path / name / 'vis_data').iterdir())
