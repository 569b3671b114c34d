"""Commands of mtkd as forks of one process; without its imports here, because these commands do not need torch."""

import fcntl
import os
import signal
import time
from contextlib import suppress

import pytest

from mtkd import forked
from mtkd.config_files import command
from mtkd.forked import ForkedCommand, arguments_of, can_be_forked
from mtkd.studies.sweep.jobs import LocalJobs, finish, perform
from mtkd.studies.sweep.works import Step, Work


@pytest.fixture(autouse=True)
def _cold(monkeypatch):
    monkeypatch.setattr(forked, '_PRELOAD', ())


def test_which_commands_can_be_forked():
    assert can_be_forked([*command('train'), 'a.py']) and arguments_of([*command('train'), 'a.py']) == ['train', 'a.py']
    assert not can_be_forked(['sh', '-c', 'true']) and not can_be_forked(['mtkd', 'train'])


@pytest.mark.parametrize('fork', [True, False])
def test_output_goes_to_the_log_and_a_failure_is_the_exit_code(tmp_path, fork):
    good = Work('good', tmp_path / 'good', [Step((*command('completion'), 'bash'), tmp_path / 'good' / 'sweep.log')])
    good.folder.mkdir()
    assert perform(good, {}, forked=fork) == 0
    assert 'mtkd' in good.log.read_text().split('\n', 1)[1]
    bad = Work('bad', tmp_path / 'bad', [Step((*command('train'), str(tmp_path / 'no.py')), tmp_path / 'bad' / 'final.pth')])
    states = finish([bad], LocalJobs(1), lambda states: None)
    assert states['bad'].why.startswith('exit code 2: ') and 'no.py' in states['bad'].why


def test_environment_session_and_lock(tmp_path):
    file, log = tmp_path / 'lock', tmp_path / 'log'
    os.mkfifo(tmp_path / 'results.json')  # nothing writes into it: the command waits
    with file.open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        narrow = ForkedCommand(['configs', '--help'], log, {'COLUMNS': '30'}, lock.fileno())
        assert narrow.wait() == 0 == narrow.poll()
        said = log.read_text()
        assert said.startswith('usage: mtkd configs') and max(map(len, said.splitlines()[:3])) <= 30
        waits = ForkedCommand(['leaderboard', str(tmp_path)], log, {}, lock.fileno())
        end, writer = time.monotonic() + 60, -1
        while writer < 0 and time.monotonic() < end:
            with suppress(OSError):  # there is no reader yet
                writer = os.open(tmp_path / 'results.json', os.O_WRONLY | os.O_NONBLOCK)
            time.sleep(0.02)
        assert writer >= 0 and os.getsid(waits.pid) == waits.pid, 'a session of its own: signals reach its workers as well'
    with file.open('a') as again, pytest.raises(BlockingIOError):  # the sweep has closed its file, the command has not
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as under nohup; the command inherits this
    os.killpg(waits.pid, signal.SIGKILL if ignored else signal.SIGINT)
    assert waits.wait() == (-signal.SIGKILL if ignored else 130)
    os.close(writer)
    with file.open('a') as again:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
