"""Signals that ask a run to stop: it finishes its step, saves, and ends with the signal's exit code."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT)


class RunStopped(RuntimeError):
    """A signal ended the run; the message says where it goes on from.

    Attributes:
        exit_code: 128 + the signal's number, as shells have it.
        stopped: tells the command line that this is no mistake.
    """

    stopped = True

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = 128 + number


class StopRequest:
    """While it is entered, the signals are remembered instead of ending the process.

    A second Ctrl-C ends the process at once, as usual. What was told to be ignored when the process began (``nohup``)
    stays so. Outside the main thread nothing is changed, because Python handles signals there only.

    Attributes:
        number: the first signal that came; None while there was none.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}
        self._agreement: _Agreement | None = None

    def __enter__(self) -> 'StopRequest':
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        self._before.clear()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and self.number == signal.SIGINT:
            raise KeyboardInterrupt
        if self.number is None:
            self.number = number
            with suppress(OSError):
                os.write(2, f'{name_of(number)}: stopping after this step, with a checkpoint\n'.encode())

    def agreed(self) -> int | None:
        """The signal that all ranks have agreed to stop for; every rank has to ask once a step.

        With one process it is the signal that came. Ranks may get it at different steps, or one alone: each step they
        exchange what they have through gloo, on the CPU and without waiting for it; what they find is used one step later.
        """
        if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
            return self.number
        if self._agreement is None:
            self._agreement = _Agreement()
        return self._agreement.exchange(self.number)


class _Agreement:
    """The largest signal number that any rank had a step ago."""

    def __init__(self) -> None:
        self._group = dist.new_group(backend='gloo')
        self._number = torch.zeros(1, dtype=torch.int64)
        self._work: Any = None

    def exchange(self, number: int | None) -> int | None:
        """Hand in this rank's, get what was handed in the time before."""
        found = 0
        if self._work is not None:
            self._work.wait()
            found = int(self._number.item())
        self._number = torch.tensor([number or 0])
        self._work = dist.all_reduce(self._number, dist.ReduceOp.MAX, group=self._group, async_op=True)
        return found or None


def name_of(number: int) -> str:
    """SIGTERM and the like."""
    return signal.Signals(number).name


@contextmanager
def blocked() -> Iterator[None]:
    """Processes that are started meanwhile do not feel the signals; those of this process are handled afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def shield_workers(loader: DataLoader) -> DataLoader:
    """Have a loader's workers live through signals that are sent to the whole group of processes, as Ctrl-C is.

    They end with the main process, or when it shuts them down; were they killed first, it could not finish its step.
    """
    make = loader._get_iterator

    def shielded() -> Any:
        with blocked():
            return make()

    loader._get_iterator = shielded  # type: ignore[method-assign]
    return loader


def run_and_pass_signals_on(command: Sequence[str]) -> int:
    """Run a command as part of this run: what asks this process to stop asks the command, and is waited for.

    Returns:
        Its exit code.

    Raises:
        RunStopped: a signal came, and the command has ended.
    """
    with StopRequest() as stop:
        process = subprocess.Popen(command)
        told = False
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(0.2)
                break
            if stop.number is not None and not told:
                told = True
                process.send_signal(signal.SIGTERM)  # a second SIGINT, after the terminal's own, would mean at once
    if stop.number is not None:
        raise RunStopped(stop.number, f'stopped by {name_of(stop.number)} in {" ".join(command[1:3])}; the same command '
                                      f'goes on from there')
    return code
