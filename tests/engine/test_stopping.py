"""A signal stops a run at the next step, with a checkpoint and the exit code of the signal, without losing anything."""

import json
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook

from mtkd.cli.mistakes import exit_code
from mtkd.engine.checkpoint import load
from mtkd.engine.run import Job, train
from mtkd.engine.stopping import SIGNALS, RunStopped, StopRequest, run_and_pass_signals_on
from mtkd.registry import HOOKS
from tests.distill.ranks import on_two_ranks
from tests.engine.toy import write_config


@HOOKS.register_module(force=True)
class SignalAt(Hook):
    """Sends the process, or one rank, a signal in one step or in one iteration of validation."""

    def __init__(self, at: int, number: int, validating: bool = False, rank: int = 0) -> None:
        self.at, self.number, self.validating, self.rank = at, number, validating, rank

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        told = runner.iter == self.at and runner.rank == self.rank
        if told and not self.validating and not runner.cfg.get('resume'):
            os.kill(os.getpid(), self.number)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.at and self.validating and batch_idx == 1 and not runner.cfg.get('resume'):
            os.kill(os.getpid(), self.number)


@pytest.fixture(autouse=True)
def ctrl_c():
    """The default of a terminal: a shell that starts this in the background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A run that was not interrupted."""
    folder = tmp_path_factory.mktemp('whole')
    return train(Job(str(write_config(folder, iters=7, interval=100, val_interval=3)), work_dir=folder / 'run'))


def scalars(folder) -> list[dict]:
    lines = [json.loads(line) for line in (folder / 'vis_data/scalars.json').read_text().splitlines()]
    return [{key: value for key, value in line.items() if 'time' not in key} for line in lines if 'semseg/ce' in line]


@pytest.mark.parametrize(('number', 'at', 'validating', 'done'), [
    (signal.SIGTERM, 2, False, 3), (signal.SIGHUP, 0, False, 1), (signal.SIGUSR1, 4, False, 5),
    (signal.SIGINT, 3, False, 4), (signal.SIGTERM, 3, True, 3)])
def test_stopped_and_resumed_to_the_bit(whole, tmp_path, capsys, number, at, validating, done):
    config = write_config(tmp_path, iters=7, interval=100, val_interval=3)
    config.write_text(config.read_text() + f'\ncustom_hooks = [dict(type="SignalAt", at={at}, number={int(number)}, '
                                           f'validating={validating})]\n')
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)  # nohup ignores SIGHUP, so the run does too
    before = [signal.getsignal(each) for each in SIGNALS]
    work = tmp_path / 'run'
    assert exit_code(lambda: train(Job(str(config), work_dir=work)) and 0) == 128 + number
    said = capsys.readouterr().err
    assert f'stopped by {number.name} after iteration {done} of 7: {work}/iter_{done}.pth; --resume continues' in said
    assert [path.name for path in work.glob('*.pth')] == [f'iter_{done}.pth'], 'no final.pth'
    assert [signal.getsignal(each) for each in SIGNALS] == before
    train(Job(str(config), work_dir=work, resume=True))
    one, two = load(whole / 'iter_7.pth'), load(work / 'iter_7.pth')
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])
    assert [group['lr'] for group in one['optimizer']['param_groups']] == [
        group['lr'] for group in two['optimizer']['param_groups']]
    if not validating:
        assert scalars(work) == scalars(whole), 'including the means of the interval of the interruption'


def test_a_second_ctrl_c_is_at_once():
    with StopRequest() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.number == signal.SIGINT == stop.agreed()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)


def test_what_was_ignored_stays_ignored():
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.number is None and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_changed():
    found = []

    def inside():
        with StopRequest():
            found.append(signal.getsignal(signal.SIGTERM))
    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert found == [signal.getsignal(signal.SIGTERM)]


def _steps(rank: int, ranks: int) -> torch.Tensor:
    """Only rank 1 receives the signal, in its third step; the result of each rank in each of eight steps."""
    stop = StopRequest()
    found = []
    for step in range(8):
        if rank == 1 and step == 2:
            stop.number = int(signal.SIGTERM)
        found.append(stop.agreed() or 0)
    return torch.tensor(found)


def test_two_ranks_stop_in_the_same_step(tmp_path):
    one, two = on_two_ranks(_steps, tmp_path)
    assert torch.equal(one, two) and one.tolist() == [0, 0, 0] + [signal.SIGTERM] * 5


def _two_ranks_of_which_one_is_told(config: Path, rank: int, ranks: int) -> dict[str, Any]:
    """A complete run, one in which only rank 1 receives SIGTERM, and the latter resumed; in the folder of the config."""
    os.environ |= {'RANK': str(rank), 'WORLD_SIZE': str(ranks), 'LOCAL_RANK': str(rank), 'MASTER_ADDR': 'localhost',
                   'MASTER_PORT': '29500'}
    train(Job(str(config), work_dir=config.parent / 'whole', launcher='pytorch'))
    work = config.parent / 'run'
    try:
        train(Job(str(config.with_name('told.py')), work_dir=work, launcher='pytorch'))
        code = 0
    except RunStopped as stopped:
        code = stopped.exit_code
    torch.distributed.barrier()
    left = sorted(path.name for path in work.glob('*.pth'))
    torch.distributed.barrier()
    train(Job(str(config.with_name('told.py')), work_dir=work, launcher='pytorch', resume=True))
    torch.distributed.barrier()
    return {'code': code, 'left': left}


def test_one_of_two_ranks_is_told_and_the_resumed_run_is_equal_to_the_bit(tmp_path):
    config = write_config(tmp_path, iters=7, interval=100, val_interval=3)
    (tmp_path / 'told.py').write_text(config.read_text() + f'\ncustom_hooks = [dict(type="SignalAt", at=2, rank=1, '
                                                           f'number={int(signal.SIGTERM)})]\n')
    for found in on_two_ranks(partial(_two_ranks_of_which_one_is_told, config), tmp_path):
        assert found == {'code': 128 + signal.SIGTERM, 'left': ['iter_4.pth']}, 'the ranks agree one step later'
    one, two = (load(tmp_path / run / 'iter_7.pth') for run in ('whole', 'run'))
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])
    for number, state in one['optimizer']['state'].items():
        assert torch.equal(state['momentum_buffer'], two['optimizer']['state'][number]['momentum_buffer'])
    assert scalars(tmp_path / 'run') == scalars(tmp_path / 'whole')


def test_a_command_is_told_and_waited_for(tmp_path):
    """Ctrl-C while a teacher is trained: the training may save before this process ends."""
    script = tmp_path / 'teacher.py'
    script.write_text('import os, signal, sys, time\n'
                      'def save(*_):\n    open(sys.argv[1], "w").write("saved"); sys.exit(143)\n'
                      'signal.signal(signal.SIGTERM, save)\n'
                      'os.kill(os.getppid(), signal.SIGUSR1)\ntime.sleep(60)\n')
    with pytest.raises(RunStopped, match='stopped by SIGUSR1') as caught:
        run_and_pass_signals_on([sys.executable, str(script), str(tmp_path / 'out')])
    assert caught.value.exit_code == 128 + signal.SIGUSR1 and (tmp_path / 'out').read_text() == 'saved'
    assert run_and_pass_signals_on([sys.executable, '-c', 'raise SystemExit(3)']) == 3
