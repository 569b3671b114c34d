"""A run owns its work dir: other runs are rejected with a message, its own run is continued, and nothing is lost."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mtkd.engine import work_dir
from mtkd.engine.checkpoint import load
from mtkd.engine.lock import Busy
from mtkd.engine.run import Job, train
from tests.engine.toy import write_config


@pytest.fixture(scope='module')
def finished(tmp_path_factory):
    """A config, and the work dir of its finished run: (config, folder)."""
    folder = tmp_path_factory.mktemp('finished')
    config = write_config(folder, iters=4, interval=1)
    return config, train(Job(str(config), work_dir=folder / 'run', seed=1))


@pytest.fixture
def job(finished, tmp_path) -> Job:
    """A job whose work dir holds a copy of that run."""
    shutil.copytree(finished[1], tmp_path / 'run')
    return Job(str(finished[0]), work_dir=tmp_path / 'run', seed=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob('*')) if path.is_file()}


def refused(job: Job, words: str, error: type[Exception] = work_dir.UsedFolder) -> None:
    """The job is rejected with this message, and the work dir is unchanged."""
    before = contents(job.work_dir)
    with pytest.raises(error, match=words):
        train(job)
    assert contents(job.work_dir) == before


def test_a_fresh_run_in_a_used_folder(job):
    refused(job, r'already contains a run \(finished, seed 1, iteration 4\): continue it with --resume, .*--work-dir')
    refused(replace(job, seed=5), 'already contains a run')
    (job.work_dir / 'final.pth').unlink()
    refused(job, r'unfinished, seed 1, iteration 4')


def test_overwriting_leaves_nothing_of_the_other_run(job):
    (job.work_dir / 'results.json').write_text('{}')
    train(replace(job, seed=5, overwrite=True, options={'train_cfg.max_iters': 2}))
    metas = [load(path)['meta'] for path in job.work_dir.glob('*.pth')]
    assert sorted(path.name for path in job.work_dir.glob('*.pth')) == ['final.pth', 'iter_1.pth', 'iter_2.pth']
    assert {meta['seed'] for meta in metas} == {5} and not (job.work_dir / 'results.json').exists()


def test_a_mistake_removes_nothing(job):
    refused(replace(job, overwrite=True, options={'tasks.depth.type': 'Dept'}), 'Dept', Exception)


def test_resuming_another_run(job):
    refused(replace(job, seed=5, resume=True), r'iter_4\.pth belongs to another run .*: seed \(1 then, 5 now\)')
    lower = {'optim_wrapper.optimizer.lr': 0.01, 'optim_wrapper.optimizer.momentum': 0.5}
    refused(replace(job, resume=True, options=lower),
            r'optim_wrapper\.optimizer\.lr \(0\.05 then, 0\.01 now\), .*momentum \(0\.9 then, 0\.5 now\)')
    refused(replace(job, resume=True, options={'train_cfg.max_iters': 8}), r'train_cfg\.max_iters \(4 then, 8 now\)')
    refused(replace(job, resume=True, amp='bf16'), r'amp \(None then, bf16 now\)')


def test_taking_the_config(job):
    """Longer, with another rate and seed: from the next step on, schedule, settings and seed are those of the config."""
    options = {'train_cfg.max_iters': 8, 'optim_wrapper.optimizer.lr': 0.01, 'optim_wrapper.optimizer.momentum': 0.5}
    train(replace(job, seed=7, resume=True, take_config=True, options=options))
    last, meta = load(job.work_dir / 'iter_7.pth'), load(job.work_dir / 'final.pth')['meta']
    group = last['optimizer']['param_groups'][0]
    assert group['lr'] == pytest.approx(0.01 * (1 - 7 / 8) ** 0.9) and group['momentum'] == 0.5
    assert (meta['seed'], meta['identity']['seed'], meta['iter']) == (7, 7, 8)
    with pytest.raises(ValueError, match='add --resume'):
        train(replace(job, take_config=True))


def test_taking_the_same_config_changes_nothing(finished, job):
    for name in ('iter_4.pth', 'final.pth'):
        (job.work_dir / name).unlink()
    train(replace(job, resume=True, take_config=True))
    one, two = load(finished[1] / 'iter_4.pth'), load(job.work_dir / 'iter_4.pth')
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])
    assert one['param_schedulers'] == two['param_schedulers']


def test_what_decides_nothing_may_be_changed(finished, job):
    for name in ('iter_4.pth', 'final.pth'):
        (job.work_dir / name).unlink()
    train(replace(job, resume=True, options={'default_hooks.checkpoint.interval': 2, 'default_hooks.logger.interval': 4}))
    one, two = load(finished[1] / 'final.pth'), load(job.work_dir / 'final.pth')
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])


def test_a_finished_run_without_checkpoints(job):
    for path in job.work_dir.glob('iter_*.pth'):
        path.unlink()
    refused(replace(job, resume=True), r'contains a finished run \(final\.pth\) and no iter_N\.pth')
    refused(replace(job, resume_from=job.work_dir / 'final.pth'), 'contains only weights', ValueError)


def test_going_back_in_the_same_folder(finished, job):
    """From a named checkpoint: later checkpoints are moved away and never used."""
    back = replace(job, resume_from=job.work_dir / 'iter_3.pth')
    refused(back, r'has later checkpoints of this run \(iter_4\.pth\): give another --work-dir .*--overwrite')
    train(replace(back, overwrite=True))
    one, two = load(finished[1] / 'final.pth'), load(job.work_dir / 'final.pth')
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])


def test_going_on_in_a_folder_of_another_run(finished, job):
    (job.work_dir / 'iter_4.pth').unlink()
    other = Job(str(finished[0]), work_dir=job.work_dir, seed=2, resume_from=finished[1] / 'iter_4.pth')
    refused(other, r'seed \(1 then, 2 now\)')


def test_two_at_once(job):
    with work_dir.lock(job.work_dir):
        for variant in (job, replace(job, resume=True), replace(job, overwrite=True)):
            with pytest.raises(Busy, match=f'the work dir {job.work_dir} is in use by process .*another --work-dir'):
                train(variant)
    assert not (job.work_dir / work_dir.LOCK).exists()


def test_of_several_ranks_the_first_locks(tmp_path, monkeypatch):
    for name in ('RANK', 'SLURM_PROCID', 'OMPI_COMM_WORLD_RANK'):
        with monkeypatch.context() as patched:
            patched.setenv(name, '1')
            assert work_dir.lock(tmp_path) is None
    monkeypatch.setenv('RANK', '0')
    work_dir.lock(tmp_path).release()


def test_a_trial_takes_the_place_of_a_trial_only(job, tmp_path):
    trial = Job(job.config, work_dir=tmp_path / 'trial', smoke=True)
    train(trial)
    train(trial)
    with pytest.raises(work_dir.UsedFolder):
        train(replace(job, work_dir=tmp_path / 'trial'))
    refused(replace(job, smoke=True), 'already contains a run')


def test_half_written_files_of_killed_runs_are_removed(job):
    (job.work_dir / '.partial-4194305-0-iter_9.pth').write_bytes(b'half')
    train(replace(job, resume=True))
    assert not list(job.work_dir.glob('.partial*'))
