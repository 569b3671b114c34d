"""The rule, its state, and a run that is interrupted and resumed."""

import json
from types import SimpleNamespace

import pytest
import torch

from mtkd.engine.checkpoint import load
from mtkd.engine.hooks import AdaptiveLR
from mtkd.engine.run import Job, train
from tests.distill.ranks import on_two_ranks
from tests.prerequisites.pseudo_toy import write_config


def runner(lr: float = 0.1, schedules=()) -> SimpleNamespace:
    groups = [{'lr': lr}, {'lr': 10 * lr}]
    return SimpleNamespace(iter=0, param_schedulers=list(schedules),
                           optim_wrapper=SimpleNamespace(param_groups=groups, defaults={'lr': lr}))


def run(hook: AdaptiveLR, losses: list[float], on: SimpleNamespace | None = None) -> list[float]:
    """The learning rate with which each loss was computed."""
    on, rates = on or runner(), []
    if on.iter == 0:
        hook.before_train(on)
    for loss in losses:
        rates.append(on.optim_wrapper.param_groups[0]['lr'])
        hook.after_train_iter(on, on.iter, outputs={'loss': torch.tensor(loss)})
        on.iter += 1
    return [*rates, on.optim_wrapper.param_groups[0]['lr']]


def hook(**arguments) -> AdaptiveLR:
    return AdaptiveLR(**{'lr_min': 0.01, 'lr_max': 1.0, 'every': 2, 'momentum': 0.0, **arguments})


def test_falling_raises_rising_lowers_and_level_leaves_it():
    rates = run(hook(), [0, 1.0, 0, 0.9, 0, 0.897, 0, 0.95, 0, 0.94])
    assert rates[::2] == pytest.approx([0.1, 0.1, 0.105, 0.105, 0.0735, 0.0735 * 1.05])


def test_it_stays_within_its_bounds():
    assert run(hook(lr_max=0.11), [1 / 2 ** i for i in range(12)])[-1] == 0.11
    assert run(hook(lr_min=0.05), [2.0 ** i for i in range(12)])[-1] == 0.05
    assert run(hook(lr_min=0.2, lr_max=0.3), [1.0])[0] == 0.2, 'it starts between the bounds'


def test_a_group_keeps_its_factor():
    on = runner()
    run(hook(), [2.0 ** i for i in range(6)], on)
    first, second = (group['lr'] for group in on.optim_wrapper.param_groups)
    assert first < 0.1 and second == pytest.approx(10 * first)


def test_the_loss_is_smoothed():
    noisy = [0.9 ** i * (1 + 0.2 * (-1) ** i) for i in range(12)]  # it falls overall, but every other value is higher
    raw, smooth = run(hook(every=1), noisy)[-1], run(hook(every=1, momentum=0.9), noisy)[-1]
    assert raw < 0.1 < smooth
    made = hook(momentum=0.5)
    run(made, [4.0, 2.0])
    assert made._before == pytest.approx(3.0)


def test_negative_totals_and_no_number():
    assert run(hook(), [0, -1.0, 0, -1.5])[-1] == pytest.approx(0.105), 'more negative is lower'
    assert run(hook(), [0, -1.0, 0, -0.5])[-1] == pytest.approx(0.07)
    assert run(hook(), [0, 1.0, 0, float('nan')])[-1] == pytest.approx(0.07)


def test_state_goes_on_to_the_bit():
    losses = [1.0 / (i + 1) + 0.3 * (i % 3) for i in range(20)]
    whole = run(hook(momentum=0.9, every=4), losses)
    on, first, second = runner(), hook(momentum=0.9, every=4), AdaptiveLR(every=4, momentum=0.9)
    run(first, losses[:7], on)
    checkpoint: dict = {}
    first.gather_for_checkpoint()
    first.before_save_checkpoint(on, checkpoint)
    second.after_load_checkpoint(on, checkpoint)
    second.before_train(on)
    assert run(second, losses[7:], on) == whole[7:]


@pytest.mark.parametrize(('arguments', 'words'), [
    ({'lr_min': 1.0, 'lr_max': 0.1}, 'AdaptiveLR: lr_min=1.0'), ({'every': 0}, 'every is 1 or more'),
    ({'up': 0.9}, 'up above'), ({'down': 1.0}, 'down between')])
def test_arguments_that_make_no_sense(arguments, words):
    with pytest.raises(ValueError, match=words):
        hook(**arguments)


def test_without_bounds_and_beside_schedules():
    with pytest.raises(ValueError, match='has no bounds'):
        AdaptiveLR().before_train(runner())
    with pytest.raises(ValueError, match='remove the schedules'):
        hook().before_train(runner(schedules=['PolyLR']))


def test_a_stopped_run_resumes_to_the_bit(tmp_path):
    """After a range test, the bounds are restored from the checkpoint, and the test is not repeated."""
    hooks = "[dict(type='LRRangeTest', low=1e-4, high=3., iters=30), dict(type='AdaptiveLR', every=2, momentum=.5)]"
    config = str(write_config(tmp_path, 'toy', hooks=hooks, iters=8, interval=3))
    slow = {'optim_wrapper.optimizer.lr': 1e-3}  # below the upper bound, so that there is room
    whole = train(Job(config, work_dir=tmp_path / 'whole', options=slow))
    part = train(Job(config, work_dir=tmp_path / 'part', options={**slow, 'train_cfg.max_iters': 3}))
    (part / 'final.pth').unlink()
    chosen = (part / 'lr_range.json').read_bytes()
    (part / 'lr_range.json').unlink()
    train(Job(config, work_dir=part, resume=True, take_config=True, options=slow))
    assert not (part / 'lr_range.json').exists() and chosen == (whole / 'lr_range.json').read_bytes()
    one, two = (load(folder / 'iter_8.pth') for folder in (whole, part))
    assert all(torch.equal(one['state_dict'][key], two['state_dict'][key]) for key in one['state_dict'])
    assert one['adaptive_lr'] == two['adaptive_lr']
    bounds = json.loads(chosen)
    assert (one['adaptive_lr']['lr_min'], one['adaptive_lr']['lr_max']) == (bounds['lr_min'], bounds['lr_max'])
    rates = [json.loads(line)['lr'] for line in (whole / 'vis_data/scalars.json').read_text().splitlines()]
    assert len(rates) == 8 and len(set(rates)) > 1 and all(bounds['lr_min'] <= rate <= bounds['lr_max'] for rate in rates)


def rates_of(rank: int, ranks: int) -> torch.Tensor:
    """The learning rates of a run whose losses differ between the ranks: their mean falls, then rises, then is NaN."""
    mean = torch.tensor([3.0, 2.9, 2.5, 2.0, 1.5, 1.4, 1.7, 2.4, 2.3, float('nan')])
    share = torch.linspace(-1, 1, 10) * (2 * rank - 1) if ranks > 1 else 0.0  # rank 0 falls, rank 1 rises
    return torch.tensor(run(hook(momentum=0.5), (mean + share).tolist()))


def test_two_ranks_decide_as_one(tmp_path):
    first, second = on_two_ranks(rates_of, tmp_path)
    alone = rates_of(0, 1)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    torch.testing.assert_close(first, alone)
    assert len(alone.unique()) > 3, 'the rate changed'
