"""Handles stop signals: a run completes its step, saves, and exits with the exit code of the signal."""

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
    """A signal stopped the run; the message says where it resumes.

    Attributes:
        exit_code: 128 + the signal number, as in shells.
        stopped: tells the command line that this is not an error.
    """

    stopped = True

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.exit_code = 128 + number


class StopRequest:
    """Context manager in which stop signals are recorded instead of ending the process.

    A second Ctrl-C ends the process immediately, as usual. Signals that are ignored at the start (``nohup``) remain ignored.
    Outside the main thread it has no effect, because Python handles signals only there.

    Attributes:
        number: the first received signal; None if there was none.
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
        """The signal on which all ranks have agreed to stop; must be called once per step on every rank.

        With one process, it is the received signal. Ranks may receive it at different steps, or only one rank may: in each
        step they exchange their signals asynchronously through gloo on the CPU; the result is used one step later.
        """
        if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
            return self.number
        if self._agreement is None:
            self._agreement = _Agreement()
        found = self._agreement.exchange(self.number)
        if self.number is None:
            self.number = found  # another rank's signal: this rank ends with the same exit code
        return found


class _Agreement:
    """Exchanges the largest signal number over all ranks, one step delayed."""

    def __init__(self) -> None:
        self._group = dist.new_group(backend='gloo')
        self._number = torch.zeros(1, dtype=torch.int64)
        self._work: Any = None

    def exchange(self, number: int | None) -> int | None:
        """Submit the number of this rank and return the result of the previous exchange."""
        found = 0
        if self._work is not None:
            self._work.wait()
            found = int(self._number.item())
        self._number = torch.tensor([number or 0])
        self._work = dist.all_reduce(self._number, dist.ReduceOp.MAX, group=self._group, async_op=True)
        return found or None


def name_of(number: int) -> str:
    """Name of a signal, such as SIGTERM."""
    return signal.Signals(number).name


@contextmanager
def blocked() -> Iterator[None]:
    """Block stop signals for processes started in this context; signals to this process are handled afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def shield_workers(loader: DataLoader) -> DataLoader:
    """Protect the workers of a loader from signals that are sent to the whole process group, such as Ctrl-C.

    They end with the main process or when it shuts them down; otherwise the main process could not complete its step.
    """
    make = loader._get_iterator

    def shielded() -> Any:
        with blocked():
            return make()

    loader._get_iterator = shielded  # type: ignore[method-assign]
    return loader


def run_and_pass_signals_on(command: Sequence[str]) -> int:
    """Run a command as part of this run: stop signals are forwarded to it, and its end is awaited.

    Returns:
        Its exit code.

    Raises:
        RunStopped: a signal was received, and the command has ended.
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
                process.send_signal(signal.SIGTERM)  # a second SIGINT, after that of the terminal, would stop it immediately
    if stop.number is not None:
        raise RunStopped(stop.number, f'stopped by {name_of(stop.number)} in {" ".join(command[1:3])}; the same command '
                                      f'continues from there')
    return code
