import os
import signal
import subprocess
import time

import pytest
import torch

from mtkd.studies.networks.isolated import first_line, isolated


def test_what_a_function_returns_or_raises():
    assert isolated(divmod, 7, 2, seconds=30) == (3, 1)
    with pytest.raises(RuntimeError, match=r'^ZeroDivisionError: '):
        isolated(divmod, 7, 0, seconds=30)


def test_gradients_can_be_computed_on_the_other_side():
    torch.ones(2, requires_grad=True).sum().backward()  # first in this process
    assert isolated(gradient, seconds=30) == 6.0


def gradient() -> float:
    x = torch.tensor(3.0, requires_grad=True)
    x.square().backward()
    return float(x.grad)


def test_a_process_that_dies():
    with pytest.raises(RuntimeError, match='ended with exit code 3'):
        isolated(os._exit, 3, seconds=30)
    with pytest.raises(RuntimeError, match='ended by the signal SIGKILL'):
        isolated(die, seconds=30)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_one_that_takes_too_long_is_stopped_with_what_it_started(tmp_path):
    file = tmp_path / 'pid'
    with pytest.raises(TimeoutError, match=r'not finished within 1\.5 s'):
        isolated(start_and_sleep, file, seconds=1.5)
    child = int(file.read_text())
    deadline = time.monotonic() + 20
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def start_and_sleep(file) -> None:
    file.write_text(str(subprocess.Popen(['sleep', '600']).pid))
    time.sleep(600)


def alive(pid: int) -> bool:
    """Whether it runs; a zombie process does not."""
    try:
        os.kill(pid, 0)
        state = open(f'/proc/{pid}/stat').read().rpartition(')')[2].split()[0]  # noqa: PTH123, SIM115
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state not in 'ZX'


def test_the_sentence_of_an_error():
    assert first_line(ValueError('\n  what\nwhere')) == 'ValueError: what' and first_line(KeyError()) == 'KeyError'
