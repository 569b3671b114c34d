"""A lock file that names its owner and is released when the owner's process ends."""

import fcntl
import json
import os
import socket
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

BUSY = 75  # EX_TEMPFAIL, the exit code if another process holds the lock
TOUCH_EVERY_S = 10.0  # interval at which the file of a held lock is touched
FORGOTTEN_AFTER_S = 45.0  # a lock of another machine that was not touched for this time is considered abandoned


class Busy(RuntimeError):
    """Another process holds the lock; the message says which."""

    exit_code = BUSY


class Lock:
    """Exclusive lock on a file, until :meth:`release` or the end of the process.

    The file is locked by ``flock``, which the system releases whenever the process ends. It records the owner: host,
    process, start time of that process, and its command. If a file system does not support locks across machines (or at
    all), this record decides: on the same machine, whether that process is alive (a reused process number is detected by the
    start time); on another machine, whether the file was touched recently.

    Args:
        path: the lock file; its folder is created.
        what: name of the locked resource for the message.
        advice: what to do if it is locked.

    Raises:
        Busy: another process, or another run in this process, holds it.
    """

    def __init__(self, path: Path | str, what: str, advice: str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file: int | None = None
        self._file, locked = _opened(self.path)
        try:
            owner = self._record()
            if locked is False or (owner and _is_alive(owner, self.path, flocked=locked)):
                raise Busy(f'{what} is in use by {_named(owner)}: {advice}')
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, json.dumps(_me()).encode(), 0)
        except BaseException:
            os.close(self._file)
            self._file = None
            raise
        _held.add(self)
        self._ended = threading.Event()
        threading.Thread(target=self._keep_fresh, daemon=True).start()

    def __enter__(self) -> 'Lock':
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock and remove the file."""
        if self._file is not None:
            self._ended.set()
            with suppress(OSError):
                self.path.unlink()
            os.close(self._file)
            self._file = None

    def _record(self) -> dict[str, Any]:
        """The owner recorded in the file; empty if there is not a valid record."""
        assert self._file is not None
        try:
            found = json.loads(os.pread(self._file, 65536, 0))
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _keep_fresh(self) -> None:
        while not self._ended.wait(TOUCH_EVERY_S):
            with suppress(OSError):
                os.utime(self.path)


_held: 'weakref.WeakSet[Lock]' = weakref.WeakSet()


def _leave_to_parent() -> None:
    """Close the file in a forked child (a loader worker), which would otherwise keep the lock if it outlives its parent."""
    for lock in list(_held):
        if lock._file is not None:
            os.close(lock._file)
            lock._file = None


os.register_at_fork(after_in_child=_leave_to_parent)


def _opened(path: Path) -> tuple[int, bool | None]:
    """Open the file and try to lock it; it is reopened if its last owner removes it in the meantime."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        locked = _flock(file)
        with suppress(FileNotFoundError):
            if os.fstat(file).st_ino == path.stat().st_ino:
                return file, locked
        os.close(file)


def _flock(file: int) -> bool | None:
    """Whether the lock was acquired; None if the file system does not support locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_alive(owner: dict[str, Any], path: Path, flocked: bool | None) -> bool:
    """Whether the recorded owner is still running."""
    if owner.get('host') != socket.gethostname() or owner.get('boot') != _boot():
        if owner.get('host') == socket.gethostname():
            return False  # before the last boot of this machine
        return time.time() - path.stat().st_mtime < FORGOTTEN_AFTER_S
    if flocked:
        return False  # on the same machine, the lock itself is reliable
    return owner.get('started') is not None and owner['started'] == _started(int(owner.get('pid', -1)))


def _me() -> dict[str, Any]:
    return {'host': socket.gethostname(), 'boot': _boot(), 'pid': os.getpid(), 'started': _started(os.getpid()),
            'since': time.strftime('%Y-%m-%d %H:%M:%S'), 'command': ' '.join(sys.argv)[:500]}


def _named(owner: dict[str, Any]) -> str:
    if not owner:
        return 'another process'
    return (f'process {owner.get("pid")} on {owner.get("host")} since {owner.get("since")} '
            f'({str(owner.get("command"))[:120]})')


def _boot() -> str:
    with suppress(OSError):
        return Path('/proc/sys/kernel/random/boot_id').read_text().strip()
    return ''


def _started(pid: int) -> int | None:
    """The start time of a process in clock ticks since boot; None if it does not exist or this is unknown."""
    try:
        return int(Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
