"""Sweeps of real processes: short shell commands instead of trainings."""

import os
import signal
import sys
import threading
import time
from itertools import groupby
from pathlib import Path

import pytest

from mtkd.studies.sweep import jobs
from mtkd.studies.sweep.jobs import BUSY, LocalJobs, State, Stopped, SubmititJobs, finish, gpus_here, last_error, perform
from mtkd.studies.sweep.works import Step, Work

from .slurm import stand_in


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(jobs, 'LOOK_EVERY_S', 0.02)
    monkeypatch.setattr(jobs, 'TRY_BUSY_AGAIN_S', 0.1)
    monkeypatch.setattr(jobs, 'PATIENCE_S', 0.4)


def work(folder: Path, *scripts: str, **kwargs) -> Work:
    """A sweep of shell scripts; step i must write the file i."""
    steps = [Step(('sh', '-c', script), folder / str(number)) for number, script in enumerate(scripts)]
    return Work(folder.name, folder, steps, **kwargs)


def names(states):
    return {name: state.name for name, state in states.items()}


def run(works, limit=2, gpus=()):
    return finish(works, LocalJobs(limit, gpus), lambda states: None)


def test_steps_follow_one_another_and_what_is_there_is_passed_over(tmp_path):
    item = work(tmp_path / 'a', f'echo one >> {tmp_path}/said; touch {tmp_path}/a/0',
                f'echo two >> {tmp_path}/said; touch {tmp_path}/a/1')
    assert names(run([item])) == {'a': 'done'} and (tmp_path / 'said').read_text() == 'one\ntwo\n'
    (tmp_path / 'a' / '1').unlink()
    assert names(run([item])) == {'a': 'done'} and (tmp_path / 'said').read_text() == 'one\ntwo\ntwo\n'
    again = run([item])
    assert again['a'].before and (tmp_path / 'said').read_text() == 'one\ntwo\ntwo\n'
    assert item.log.read_text().count('$ sh -c') == 3


def test_one_that_fails_stops_only_what_needs_it(tmp_path):
    bad = work(tmp_path / 'bad', 'echo "error: no such data"; exit 2')
    works = [bad, work(tmp_path / 'after', 'true', needs=['bad']), work(tmp_path / 'beyond', 'true', needs=['after']),
             work(tmp_path / 'silent', 'true'), work(tmp_path / 'good', f'touch {tmp_path}/good/0')]
    states = run(works)
    assert names(states) == {'bad': 'failed', 'after': 'blocked', 'beyond': 'blocked', 'silent': 'failed', 'good': 'done'}
    assert states['bad'].why == 'exit code 2: no such data'
    assert states['after'].why == 'it depends on bad, which failed'
    assert states['silent'].why == f'exit code 1: the command ended without writing {tmp_path}/silent/0'


def test_at_most_so_many_at_a_time_and_works_that_need_others_after_them(tmp_path):
    mark = 'echo + >> {0}/times; sleep 0.15; echo - >> {0}/times; touch {0}/{1}/0'
    works = [work(tmp_path / name, mark.format(tmp_path, name)) for name in 'abcd']
    works.append(work(tmp_path / 'last', mark.format(tmp_path, 'last'), needs=['a', 'b', 'c', 'd']))
    assert set(names(run(works)).values()) == {'done'}
    running, most = 0, 0
    for line in (tmp_path / 'times').read_text().split():
        running += 1 if line == '+' else -1
        most = max(most, running)
    assert most == 2 and running == 0
    assert min((tmp_path / 'last' / '0').stat().st_mtime - (tmp_path / n / '0').stat().st_mtime for n in 'abcd') > 0


def test_works_that_write_caches_are_never_side_by_side(tmp_path):
    mark = 'echo + >> {0}/times; sleep 0.1; echo - >> {0}/times; touch {0}/{1}/0'
    run([work(tmp_path / name, mark.format(tmp_path, name), alone=True) for name in 'abc'], limit=3)
    assert (tmp_path / 'times').read_text().split() == ['+', '-'] * 3


def test_each_slot_has_a_gpu_of_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    say = 'echo $CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS > {0}/{1}/0; sleep 0.1'
    run([work(tmp_path / name, say.format(tmp_path, name)) for name in 'abcd'], gpus=['3', '5'])
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    said = [(tmp_path / name / '0').read_text().split() for name in 'abcd']
    assert sorted(said) == [['3', str(threads)]] * 2 + [['5', str(threads)]] * 2


def test_the_gpus_that_one_may_use(monkeypatch):
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    assert gpus_here(2) == ['0', '1'] and gpus_here(0) == []
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '4, 6')
    assert gpus_here(2) == ['4', '6'] and gpus_here(0) == []


@pytest.mark.parametrize('script', ['trap "exit 0" INT; while :; do sleep 0.05; done',
                                    'trap "" INT; trap "exit 0" TERM; while :; do sleep 0.05; done',
                                    'trap "" INT TERM; while :; do sleep 0.05; done'], ids=['polite', 'deaf', 'stubborn'])
def test_ctrl_c_ends_every_process(tmp_path, script):
    works = [work(tmp_path / name, f'echo $$ > {tmp_path}/{name}/pid; {script}') for name in 'ab']
    works.append(work(tmp_path / 'c', f'touch {tmp_path}/began'))
    pids = [tmp_path / name / 'pid' for name in 'ab']

    def interrupt(states):
        if all(pid.is_file() and pid.read_text() for pid in pids):
            raise KeyboardInterrupt

    with pytest.raises(Stopped):
        finish(works, LocalJobs(2), interrupt)
    assert not (tmp_path / 'began').exists(), 'waiting steps are not started'
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)
    states = run([work(tmp_path / 'a', f'touch {tmp_path}/a/0')])
    assert states['a'].name == 'done', 'the same folder continues'


def test_a_folder_is_never_worked_on_twice_at_once(tmp_path):
    wait = f'until [ -e {tmp_path}/go ]; do sleep 0.02; done'
    slow = work(tmp_path / 'a', f'echo x >> {tmp_path}/said; {wait}; touch {tmp_path}/a/0')
    first = threading.Thread(target=perform, args=(slow, {}))
    first.start()
    while not (tmp_path / 'said').is_file():
        time.sleep(0.01)
    assert perform(slow, {}) == BUSY
    seen = []

    def show(states):
        seen.append(states['a'].name)
        if seen[-1] == 'elsewhere':
            (tmp_path / 'go').touch()

    finish([slow], LocalJobs(2), show)
    first.join()
    assert [name for name, _ in groupby(seen)] == ['running', 'elsewhere', 'running', 'done']
    assert (tmp_path / 'said').read_text() == 'x\n', 'it waited for the other process, and found its outcome'


def test_a_killed_process_is_a_failure_with_its_signal(tmp_path):
    assert perform(work(tmp_path / 'a', f'kill -{int(signal.SIGKILL)} $$'), {}) == 128 + 9


def test_the_reason_is_the_last_commands_own_sentence(tmp_path):
    log = tmp_path / 'log'
    assert last_error(log) == 'no output'
    log.write_text('$ first\nerror: old\n$ second\nTraceback\n  in x\nValueError: boom\n')
    assert last_error(log) == 'ValueError: boom'
    log.write_text('$ train\nusage: x\ntrain.py: error: no such option\n(MTKD_TRACEBACK=1 shows …)\n')
    assert last_error(log) == 'no such option'


def test_without_submitit_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'submitit', None)
    with pytest.raises(RuntimeError, match='submitit, which is not installed: pip install submitit'):
        SubmititJobs(1, 'debug', {}, tmp_path)


def test_through_submitit(tmp_path):
    pytest.importorskip('submitit', reason='submitit is not installed')
    with pytest.raises(ValueError, match='--cluster-options'):
        SubmititJobs(1, 'local', {'no_such_option': 1}, tmp_path / 'jobs')
    launcher = SubmititJobs(2, 'debug', {'timeout_min': 2}, tmp_path / 'jobs')
    works = [work(tmp_path / 'a', f'touch {tmp_path}/a/0'), work(tmp_path / 'b', 'echo "error: bad"; exit 3')]
    states = finish(works, launcher, lambda states: None)
    assert names(states) == {'a': 'done', 'b': 'failed'} and states['b'].why == 'exit code 3: bad'
    assert isinstance(states['a'], State)


def test_without_slurm_that_is_said(tmp_path):
    pytest.importorskip('submitit', reason='submitit is not installed')
    with pytest.raises(RuntimeError, match='--cluster slurm: .*srun'):
        SubmititJobs(1, 'slurm', {}, tmp_path)


@pytest.mark.slow
def test_through_slurm(tmp_path, monkeypatch):
    """Jobs of a stand-in: finished, failed, out of time (requeued and continued) and removed from the queue."""
    pytest.importorskip('submitit', reason='submitit is not installed')
    cluster = stand_in(tmp_path, monkeypatch)
    launcher = SubmititJobs(2, 'slurm', {'timeout_min': 2, 'slurm_partition': 'gpu', 'slurm_max_num_timeout': 5},
                            tmp_path / 'jobs')
    late = f'sleep 60 & echo $! > {tmp_path}/sleeper; sleep 1; kill -USR2 $PPID; wait'
    works = [work(tmp_path / 'a', f'touch {tmp_path}/a/0', late, f'touch {tmp_path}/a/2'),
             work(tmp_path / 'b', 'echo "error: bad"; exit 3'),
             work(tmp_path / 'c', f'touch {tmp_path}/begun; sleep 60')]
    again = threading.Thread(target=_let_go_on, args=(cluster / '1', tmp_path / 'a' / '1'))
    again.start()
    states = finish(works[:2], launcher, lambda states: None)
    again.join()
    assert names(states) == {'a': 'done', 'b': 'failed'} and states['b'].why == 'exit code 3: bad'
    assert '#SBATCH --partition=gpu' in (cluster / '1' / 'script').read_text()
    assert works[0].log.read_text().count('$ sh -c') == 3, 'the second attempt continues from there'
    assert 'Requeued job 1' in (cluster / '1' / 'out').read_text() and not (cluster / '3').exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / 'sleeper').read_text()), 0)

    def stop(states) -> None:
        if (tmp_path / 'begun').exists():
            raise KeyboardInterrupt

    with pytest.raises(Stopped):
        finish(works[2:], launcher, stop)
    assert (cluster / '3' / 'state').read_text() == 'CANCELLED\n'


def _let_go_on(job: Path, outcome: Path) -> None:
    """Write the outcome of the timed-out step when its job is requeued, so that the next attempt skips it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if (job / 'again').exists():
            outcome.touch()
            return
        time.sleep(0.01)
