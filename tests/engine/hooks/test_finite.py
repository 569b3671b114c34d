"""A diverging run stops, reports where it began, and leaves no checkpoint with NaN."""

import json
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook

from mtkd.cli.mistakes import exit_code
from mtkd.engine.checkpoint import load
from mtkd.engine.hooks.finite import Diverged, FiniteHook
from mtkd.engine.run import Job, train
from mtkd.registry import HOOKS
from tests.engine.toy import write_config


@HOOKS.register_module(force=True)
class SpoilAt(Hook):
    """Puts NaN into the labels of some steps, or into a weight after one."""

    def __init__(self, steps: tuple = (), weights_after: int = -1, gradient_at: int = -1) -> None:
        self.steps, self.weights_after, self.gradient_at = steps, weights_after, gradient_at

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter in self.steps:
            data_batch['targets']['depth'] = data_batch['targets']['depth'] * 0 + float('inf')
        if runner.iter == self.gradient_at:
            weight = next(runner.model.net.parameters())
            weight.register_hook(lambda grad: grad * float('nan'))

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == self.weights_after:
            with torch.no_grad():
                next(runner.model.net.parameters())[0] = float('nan')


def config(tmp_path, spoil: str, **kwargs):
    path = write_config(tmp_path, **{'iters': 9, 'interval': 2, **kwargs})
    path.write_text(path.read_text().replace("'LoggerHook', interval=2", "'LoggerHook', interval=3")
                    + f"\ncustom_hooks = [dict(type='SpoilAt', {spoil})]\n")
    return str(path)


def test_it_stops_and_names_the_first_term(tmp_path, capsys):
    """NaN in iteration 6 (of 9, with a check every 3 iterations and a checkpoint every 4)."""
    path = config(tmp_path, 'steps=(5,)', interval=4)
    work = tmp_path / 'run'
    assert exit_code(lambda: train(Job(path, work_dir=work)) and 0) == 2
    said = capsys.readouterr().err
    assert f'error: training diverged: depth/l1 was not finite in iteration 6 of 9; the last finite checkpoint is ' \
           f'{work}/iter_4.pth. Lower optim_wrapper.optimizer.lr' in said
    assert [p.name for p in work.glob('*.pth')] == ['iter_4.pth'], 'kept, and no final.pth'


def test_nothing_is_written_or_pruned_after_it(tmp_path):
    """The checkpoint of iteration 4 is due before the next check, at 6, so its terms are checked first."""
    work = tmp_path / 'run'
    with pytest.raises(Diverged, match='in iteration 4 of 9'):
        train(Job(config(tmp_path, 'steps=(3,)', interval=2), work_dir=work, options={'default_hooks.logger.interval': 6}))
    assert [p.name for p in work.glob('*.pth')] == ['iter_2.pth']


def test_weights_that_a_last_step_broke(tmp_path):
    """All losses were finite: the weights are also checked before they are saved."""
    work = tmp_path / 'run'
    with pytest.raises(Diverged, match=r'net\.\S+ has values that are not finite after iteration 9 of 9 \(1 such'):
        train(Job(config(tmp_path, 'weights_after=8', interval=4), work_dir=work))
    assert sorted(p.name for p in work.glob('*.pth')) == ['iter_4.pth', 'iter_8.pth']


def test_steps_that_are_left_out(tmp_path):
    """Weights, statistics and means are those of a run without these steps; their number is in the checkpoint."""
    skip = {'default_hooks.finite': {'type': 'FiniteHook', 'skip': 2}}
    work = train(Job(config(tmp_path, 'steps=(2, 5)'), work_dir=tmp_path / 'run', options=skip))
    last = load(work / 'iter_8.pth')
    assert last['finite'] == {'skipped': 2} and (work / 'final.pth').is_file()
    lines = [json.loads(line) for line in (work / 'vis_data/scalars.json').read_text().splitlines()]
    assert all(line['loss'] < 1e6 for line in lines) and [line['step'] for line in lines] == [3, 6, 9]
    with pytest.raises(Diverged, match=r'gradients of iteration 6 of 9 are not finite, and 1 steps have already been'):
        train(Job(config(tmp_path, 'steps=(2, 5)'), work_dir=tmp_path / 'one',
                  options={'default_hooks.finite': {'type': 'FiniteHook', 'skip': 1}}))


def test_a_step_that_is_left_out_changes_nothing():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    wrapper = SimpleNamespace(step=optimizer.step, param_groups=optimizer.param_groups, update_params=lambda loss: None)
    runner = SimpleNamespace(model=model, optim_wrapper=wrapper, iter=0, max_iters=4,
                             logger=SimpleNamespace(warning=lambda text: None))
    hook = FiniteHook(skip=1)
    hook.before_train(runner)
    for number, scale in enumerate((1.0, float('nan'))):
        before = {key: value.clone() for key, value in model.state_dict().items()}
        hook.before_train_iter(runner, number)
        optimizer.zero_grad()
        (model(torch.randn(4, 2) * scale) ** 2).sum().backward()
        wrapper.step()
        same = all(torch.equal(before[key], value) for key, value in model.state_dict().items())
        assert same == (number == 1) and hook.skipped == number


def step(hook, runner, iteration, **terms):
    runner.iter = iteration
    hook.after_train_iter(runner, iteration, outputs={name: torch.tensor(value) for name, value in terms.items()})


def test_the_first_is_named_whatever_follows():
    runner = SimpleNamespace(max_iters=100, iter=0)
    hook = FiniteHook(interval=4)
    nan, inf = float('nan'), float('inf')
    step(hook, runner, 0, loss=1.0, a=1.0, b=2.0)
    step(hook, runner, 1, loss=inf, a=1.0, b=inf)
    step(hook, runner, 2, loss=nan, a=nan, b=1.0)
    with pytest.raises(Diverged, match='b was not finite in iteration 2 of 100; there is no checkpoint yet'):
        step(hook, runner, 3, loss=nan, a=nan, b=nan)
    hook = FiniteHook(interval=1)
    with pytest.raises(Diverged, match='the total loss was not finite in iteration 1'):
        step(hook, runner, 0, loss=nan, a=1.0)
    with pytest.raises(Diverged, match=r'a was not finite in iteration 1 of 100 \(nor was b\)'):
        step(FiniteHook(interval=1), runner, 0, loss=nan, a=nan, b=inf)


def test_what_was_infinite_from_the_start_may_stay(tmp_path):
    model = torch.nn.Linear(2, 2)
    model.register_buffer('mask', torch.tensor([0.0, float('-inf')]))
    runner = SimpleNamespace(model=model, iter=3, max_iters=9, optim_wrapper=None)
    hook = FiniteHook()
    hook.before_train(runner)
    hook.check_weights(runner)
    model.bias.data[0] = float('inf')
    with pytest.raises(Diverged, match='bias has values'):
        hook.check_weights(runner)


@pytest.mark.parametrize('arguments', [{'interval': 0}, {'skip': -1}])
def test_arguments_that_make_no_sense(arguments):
    with pytest.raises(ValueError, match='give an interval of 1 or more'):
        FiniteHook(**arguments)
