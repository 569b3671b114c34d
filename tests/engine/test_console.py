"""The part of a log that is shown on the screen, and the numbers at the end."""

import io
import logging
from types import SimpleNamespace

import pytest
import torch

from mtkd.engine.console import ConsoleHook, live, quieten, table, verbose


@pytest.mark.parametrize('lines', [True, False])
def test_the_screen_shows_progress_and_warnings_and_the_file_everything(tmp_path, lines):
    screen, logger = io.StringIO(), logging.Logger('a run')
    logger.addHandler(logging.StreamHandler(screen))
    logger.addHandler(logging.FileHandler(tmp_path / 'log'))
    quieten(logger, lines)
    logger.info('Config:\nmodel = dict()')
    logger.info('Iter(train) [1/2]  loss: 1.0')
    logger.warning('a label is odd')
    logger.warning('"FileClient" will be deprecated in future.')
    assert screen.getvalue().splitlines() == (['Iter(train) [1/2]  loss: 1.0'] if lines else []) + ['a label is odd']
    assert len((tmp_path / 'log').read_text().splitlines()) == 5


def test_verbose_and_live(monkeypatch):
    monkeypatch.setattr('sys.stdout', SimpleNamespace(isatty=lambda: True))
    monkeypatch.setenv('MTKD_VERBOSE', '0')
    assert not verbose() and live()
    monkeypatch.setenv('MTKD_VERBOSE', '1')
    assert verbose() and not live()


def test_first_step_and_last_validation(capsys, caplog):
    hook = ConsoleHook()
    runner = SimpleNamespace(max_iters=200, logger=logging.getLogger('shown'), hooks=[])
    with caplog.at_level(logging.INFO, 'shown'):
        hook.after_train_iter(runner, 0, outputs={'loss': torch.tensor(2.5), 'semseg/ce': torch.tensor(1.25)})
        hook.after_train_iter(runner, 1, outputs={'loss': torch.tensor(9.0)})
    assert caplog.messages == ['Iter(train) [  1/200]  first step  loss: 2.5000  semseg/ce: 1.2500']
    hook.after_train(runner)
    assert capsys.readouterr().out == ''
    hook.after_val_epoch(runner, {'semseg/mIoU': 12.345678, 'depth/rmse': 0.5})
    hook.after_train(runner)
    assert capsys.readouterr().out.splitlines() == table({'semseg/mIoU': 12.345678, 'depth/rmse': 0.5}) == [
        'last validation', '  semseg  mIoU 12.35', '  depth   rmse 0.5']
