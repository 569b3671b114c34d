"""One process at a time; the lock of a process that has ended is free."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from mtkd.engine import lock as module
from mtkd.engine.lock import BUSY, Busy, Lock

HOLD = """
import runpy, sys, time
Lock = runpy.run_path(sys.argv[2])['Lock']  # by its path: nothing else is imported
lock = Lock(sys.argv[1], 'it', 'wait.')
print('held', flush=True)
time.sleep(600)
"""


def test_one_at_a_time(tmp_path):
    path = tmp_path / 'new' / 'run.lock'
    with Lock(path, 'the work dir w', 'wait for it.'):
        said = f'the work dir w is in use by process {os.getpid()} on {socket.gethostname()} since .*: wait for it'
        with pytest.raises(Busy, match=said) as caught:
            Lock(path, 'the work dir w', 'wait for it.')
        assert caught.value.exit_code == BUSY
    assert not path.exists(), 'nothing is left'
    Lock(path, 'it', '').release()


def test_a_killed_process_opens_it(tmp_path):
    path = tmp_path / 'run.lock'
    process = subprocess.Popen([sys.executable, '-c', HOLD, str(path), module.__file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'held\n'
    with pytest.raises(Busy, match=f'process {process.pid} on'):
        Lock(path, 'it', '')
    process.kill()
    process.wait()
    assert json.loads(path.read_text())['pid'] == process.pid, 'it had no time to clean up'
    Lock(path, 'it', '').release()


def test_a_forked_child_does_not_keep_it(tmp_path):
    """A loader worker that outlives its parent by some seconds."""
    lock = Lock(tmp_path / 'run.lock', 'it', '')
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        os.read(read, 1)  # until the parent closes its end
        os._exit(0)
    os.close(read)
    lock.release()
    try:
        Lock(tmp_path / 'run.lock', 'it', '').release()
    finally:
        os.close(write)
        os.waitpid(child, 0)


def record(**changes) -> str:
    return json.dumps({**module._me(), 'command': 'train.py', **changes})


@pytest.mark.parametrize('flocks', [True, None])
@pytest.mark.parametrize(('changes', 'age', 'alive'), [
    ({'host': 'elsewhere'}, 1000, False), ({'host': 'elsewhere'}, 0, True),
    ({'pid': 2 ** 22 + 1}, 0, False), ({'started': 5}, 0, False), ({'boot': 'before'}, 0, False)])
def test_whose_lock_is_left(tmp_path, monkeypatch, flocks, changes, age, alive):
    """Locks of an ended process, of a process number that was reused, from before a reboot, of another machine; with and
    without flock.
    """
    path = tmp_path / 'run.lock'
    path.write_text(record(**changes))
    os.utime(path, (time.time() - age,) * 2)
    if flocks is None:
        monkeypatch.setattr(module, '_flock', lambda file: None)
    if alive:
        with pytest.raises(Busy, match='on elsewhere'):
            Lock(path, 'it', '')
        assert json.loads(path.read_text())['host'] == 'elsewhere'
    else:
        Lock(path, 'it', '').release()


def test_without_file_locks_the_record_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(module, '_flock', lambda file: None)
    with Lock(tmp_path / 'run.lock', 'it', ''), pytest.raises(Busy):
        Lock(tmp_path / 'run.lock', 'it', '')


def test_a_damaged_record_is_nobodys(tmp_path):
    for text in ('', '{', '[]', '\0' * 40):
        (tmp_path / 'run.lock').write_text(text)
        Lock(tmp_path / 'run.lock', 'it', '').release()
