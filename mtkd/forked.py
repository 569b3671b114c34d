"""Starts mtkd's commands as forks of one process that has already imported torch, mmengine, mmcv and timm.

Importing them takes seconds, and a short run needs them twice (training and test).
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any

from .config_files import command

_PRELOAD = ('mtkd.cli.main', 'mtkd.cli.train', 'mtkd.cli.test', 'mtkd.engine.run', 'mtkd.engine.job', 'mtkd.registry')


class Inherited:
    """An open file descriptor that a forked process keeps, with its lock."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (DupFd(self.descriptor),)


def _received(duplicate: Any) -> Inherited:
    return Inherited(duplicate.detach())


class ForkedCommand:
    """One of mtkd's commands in a forked process; a session leader, with the methods of ``subprocess.Popen`` that jobs use.

    Args:
        arguments: the command's name and arguments, without the interpreter.
        log: file that its output is appended to.
        environment: additional environment variables.
        lock: descriptor that must stay open while it runs.
    """

    def __init__(self, arguments: Sequence[str], log: Path, environment: Mapping[str, str], lock: int) -> None:
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload(list(_PRELOAD))
        self._process = context.Process(target=_run, args=(list(arguments), str(log), {**os.environ, **environment},
                                                           Inherited(lock)))
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        """The exit code (-n for signal n), or None while it runs."""
        return self._process.exitcode

    def wait(self) -> int:
        """Wait for its end; returns the exit code."""
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        return code


def can_be_forked(given: Sequence[str]) -> bool:
    """Whether a command line starts one of mtkd's commands with this interpreter."""
    start = command('')[:-1]
    return tuple(given[:len(start)]) == start and 'forkserver' in multiprocessing.get_all_start_methods()


def arguments_of(given: Sequence[str]) -> list[str]:
    """The arguments of a command line for which :func:`can_be_forked` holds, without the interpreter."""
    return list(given[len(command('')) - 1:])


def _run(arguments: list[str], log: str, environment: dict[str, str], lock: Inherited) -> None:
    """The forked process: as if it had been started with this environment and its output in the log."""
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for stream in (1, 2):
        os.dup2(out, stream)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ['mtkd', *arguments]
    torch = sys.modules.get('torch')
    if torch is not None and environment.get('OMP_NUM_THREADS', '').isdecimal():
        torch.set_num_threads(max(1, int(environment['OMP_NUM_THREADS'])))  # it has read the variable already
    runpy.run_module('mtkd', run_name='__main__', alter_sys=True)
