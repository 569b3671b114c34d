"""The events that a balance receives in a run, and that an interrupted run continues bit-equal."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch

from mtkd.engine.hooks.balance import BalanceHook
from mtkd.engine.run import Job, train
from tests.engine.toy import write_config


class Listener:
    """Records the events it receives."""

    def __init__(self, *hears):
        self.hears, self.told = frozenset(hears), []

    def __getattr__(self, name):
        return lambda *args: self.told.append((name, *args))


def runner(balance, iteration=0, **kwargs):
    loop = SimpleNamespace(batches_per_epoch=3)
    return SimpleNamespace(model=SimpleNamespace(balance=balance), seed=7, iter=iteration, max_iters=8, train_loop=loop,
                           val_loop=kwargs.get('val_loop', SimpleNamespace(run=lambda: balance.told.append('validated'))))


def steps(balance, count=7):
    hook = BalanceHook()
    hook.before_train(runner(balance))
    for i in range(count):
        hook.before_train_iter(runner(balance, i), i)
        hook.after_train_iter(runner(balance, i), i)
        if i == 4:
            hook.after_val_epoch(runner(balance, i), {'depth/rmse': 1.0})
    return balance.told


def test_it_is_told_what_it_hears():
    assert steps(Listener()) == [('begin', 7)]
    assert steps(Listener('progress'))[1:] == [('progress', i / 8) for i in range(7)]
    assert steps(Listener('epoch'))[1:] == [('end_epoch',)] * 2
    assert steps(Listener('validation'))[1:] == [('validated', {'depth/rmse': 1.0})]


def test_losses_after_the_step_are_those_of_the_same_batch():
    balance = Listener('stepped')
    given = runner(balance)
    given.model.task_losses = lambda data: [data, torch.is_grad_enabled()]
    given.optim_wrapper = SimpleNamespace(optim_context=lambda model: nullcontext())
    BalanceHook().after_train_iter(given, 0, 'batch')
    assert balance.told == [('stepped', ['batch', False])]


def test_validation_must_be_there():
    with pytest.raises(ValueError, match='Listener reads the metrics of validations during training; set train_cfg.val_int'):
        BalanceHook().before_train(runner(Listener('validation'), val_loop=None))


BALANCES = {
    'dwa': "dict(type='DWA')", 'famo': "dict(type='FAMO')",
    'dtp': "dict(type='DTP', kpi='validation', metrics=dict(semseg=('mIoU', 'percent'), depth=('rmse', 'error')))",
    'gradnorm': "dict(type='GradNorm', l0='first_epoch', level='params')",
    'pcgrad': "dict(type='PCGrad', level='params')"}


def config(folder, name, iters):
    path = write_config(folder, iters=iters, interval=3, val_interval=3)
    text = path.read_text().replace("balance=dict(type='WeightedSum')", f'balance={BALANCES[name]}')
    path.write_text(text.replace('default_hooks = dict(', "default_hooks = dict(balance=dict(type='BalanceHook'), ", 1))
    return path


@pytest.mark.slow
@pytest.mark.parametrize('name', BALANCES)
def test_a_stopped_run_goes_on_bit_equal(name, tmp_path):
    """Epochs of three steps, each ending with a checkpoint and a validation; one run continues from the second checkpoint.
    """
    path = config(tmp_path, name, 9)
    train(Job(str(path), work_dir=tmp_path / 'whole'))
    train(Job(str(path), work_dir=tmp_path / 'parts', resume_from=tmp_path / 'whole' / 'iter_6.pth'))
    whole, parts = (torch.load(tmp_path / run / 'final.pth', weights_only=True)['state_dict'] for run in ('whole', 'parts'))
    assert set(whole) == set(parts)
    for key, value in whole.items():
        assert torch.equal(value, parts[key]), key
