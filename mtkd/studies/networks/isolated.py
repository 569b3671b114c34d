"""Runs a function in a separate process, which isolates its failures, memory and hangs."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, TypeVar

T = TypeVar('T')


def isolated(function: Callable[..., T], *arguments: Any, seconds: float) -> T:
    """Call a function in a forked process and return its result.

    A fork inherits all imports, so that it starts immediately, but it cannot use existing threads or accelerator contexts.
    The calling process should therefore have done little more than its imports.

    Args:
        function: the function; its result is pickled.
        *arguments: its arguments.
        seconds: time limit.

    Raises:
        TimeoutError: it took longer and was stopped with all its child processes.
        RuntimeError: it raised an exception, given as ``Type: message``, or its process died.
    """
    context = multiprocessing.get_context('fork')
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, function, arguments))
    process.start()
    theirs.close()
    try:
        if not ours.poll(seconds):
            raise TimeoutError(f'not finished within {seconds:g} s')
        done, value = ours.recv()
    except EOFError:
        process.join()
        raise RuntimeError(f'the process ended {_how(process.exitcode or 0)}') from None
    finally:
        _stop(process.pid)
        process.join()
        ours.close()
    if not done:
        raise RuntimeError(value)
    return value


def first_line(error: BaseException) -> str:
    """``Type: message``, with the first line of the message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f'{type(error).__name__}: {lines[0]}' if lines else type(error).__name__


def _answer(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.setsid()  # a separate process group
    try:
        answer = (True, function(*arguments))
    except Exception as error:
        answer = (False, first_line(error))
    pipe.send(answer)
    pipe.close()


def _stop(group: int | None) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has already ended, or not yet formed its group
        if group is not None and os.getpgid(group) == group:
            os.killpg(group, signal.SIGKILL)


def _how(code: int) -> str:
    return f'with exit code {code}' if code >= 0 else f'by the signal {signal.Signals(-code).name}'
