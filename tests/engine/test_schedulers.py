import math

import pytest
import torch
from torch.optim import SGD, Adam

from mtkd.engine.schedulers import LinearLR, PolyLR, TriangularLR
from mtkd.registry import PARAM_SCHEDULERS


def optimiser(lr: float = 0.1) -> SGD:
    a, b = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    return SGD([{'params': [a]}, {'params': [b], 'lr': 10 * lr}], lr=lr)


def run(scheduler, opt: SGD, steps: int) -> list[float]:
    rates = []
    for _ in range(steps):
        rates.append(opt.param_groups[0]['lr'])
        opt.step()
        scheduler.step()
    return rates


def test_up_and_down_over_and_over():
    opt = optimiser()
    rates = run(TriangularLR(opt, 0.1, 0.5, period=8, by_epoch=False), opt, 17)
    up = [0.1, 0.2, 0.3, 0.4]
    assert rates == pytest.approx([*up, 0.5, *up[:0:-1], *up, 0.5, *up[:0:-1], 0.1])
    assert opt.param_groups[1]['lr'] == pytest.approx(10 * opt.param_groups[0]['lr']), 'a group keeps its factor'


def test_two_cycles_in_four_epochs():
    opt = optimiser()
    scheduler = PARAM_SCHEDULERS.build({'type': 'TriangularLR', 'lr_min': 0.1, 'lr_max': 0.5, 'by_epoch': True,
                                        'convert_to_iter_based': True},
                                       default_args={'optimizer': opt, 'epoch_length': 10})
    rates = run(scheduler, opt, 40)
    assert not scheduler.by_epoch and rates[::10] == pytest.approx([0.1, 0.5, 0.1, 0.5])


def test_state_goes_on():
    opt = optimiser()
    scheduler = TriangularLR(opt, 0.1, 0.5, period=8, by_epoch=False)
    whole = run(scheduler, opt, 3)
    state, rest = scheduler.state_dict(), run(scheduler, opt, 9)
    other = optimiser()
    again = TriangularLR(other, 0.2, 0.3, period=5, by_epoch=False)
    again.load_state_dict(state)
    other.load_state_dict({**other.state_dict(), 'param_groups': [{**g, 'lr': rest[0] * f} for g, f in zip(
        other.state_dict()['param_groups'], (1, 10), strict=True)]})
    assert run(again, other, 9) == rest and len(whole) == 3
    assert all(isinstance(value, (int, float, bool, str, list)) for value in state.values()), 'loads weights-only'


def test_it_waits_for_a_range():
    opt = optimiser()
    scheduler = TriangularLR(opt, period=8, by_epoch=False)
    assert run(scheduler, opt, 2) == [0.1, 0.1]
    scheduler.adopt_range(0.2, 0.6)
    assert opt.param_groups[0]['lr'] == pytest.approx(0.4)
    scheduler.adopt_range(1.0, 2.0)
    assert (scheduler.lr_min, scheduler.lr_max) == (0.2, 0.6)


@pytest.mark.parametrize(('arguments', 'words'), [
    ((0.1, None), 'give two positive learning rates'), ((0.5, 0.1), 'the smaller first'), ((0.1, 0.5, 0), 'period=0')])
def test_bounds_that_make_no_sense(arguments, words):
    with pytest.raises(ValueError, match=words):
        TriangularLR(optimiser(), *arguments)


N = 23
FORMULAS = {  # the rate of iteration i of N divided by the optimizer's: the formulas of the papers
    'PolyLR': ({'power': 0.9, 'eta_min': 0.0}, lambda i: (1 - i / N) ** 0.9),
    'PolyLR, eta_min': ({'power': 2.0, 'eta_min': 0.02}, lambda i: 0.8 * (1 - i / N) ** 2 + 0.2),
    'LinearLR': ({'start_factor': 0.1}, lambda i: 0.1 + 0.9 * i / N),
    'LinearLR, from 0': ({'start_factor': 0.0, 'end_factor': 0.5}, lambda i: 0.5 * i / N),
    'CosineAnnealingLR': ({'eta_min': 0.0}, lambda i: (1 + math.cos(math.pi * i / N)) / 2),
    'StepLR': ({'step_size': 5, 'gamma': 0.85}, lambda i: 0.85 ** (i // 5)),
    'MultiStepLR': ({'milestones': [3, 11], 'gamma': 0.5}, lambda i: 0.5 ** ((i >= 3) + (i >= 11)))}


@pytest.mark.parametrize('name', FORMULAS)
@pytest.mark.parametrize('by_epoch', [False, True])
def test_every_rate_is_the_formulas(name, by_epoch):
    """All N rates, by iterations and by epochs; the last of N iterations has a nonzero rate."""
    arguments, formula = FORMULAS[name]
    opt = optimiser()
    scheduler = PARAM_SCHEDULERS.build({'type': name.split(',')[0], **arguments, 'by_epoch': by_epoch, 'end': N},
                                       default_args={'optimizer': opt})
    rates = run(scheduler, opt, N)
    assert rates == pytest.approx([0.1 * formula(i) for i in range(N)], rel=1e-12, abs=1e-18)
    assert type(scheduler).__module__.startswith('mtkd') or 'Poly' not in name
    if name == 'PolyLR':
        assert rates[-1] == pytest.approx(0.1 * (1 / N) ** 0.9) and opt.param_groups[0]['lr'] == 0, 'at the end, not before'


def test_from_epochs_to_iterations():
    opt = optimiser()
    scheduler = PARAM_SCHEDULERS.build({'type': 'PolyLR', 'power': 1.0, 'by_epoch': True, 'end': 3,
                                        'convert_to_iter_based': True},
                                       default_args={'optimizer': opt, 'epoch_length': 4})
    assert run(scheduler, opt, 12) == pytest.approx([0.1 * (1 - i / 12) for i in range(12)])


def test_warming_up_and_then_down():
    """As in mmsegmentation's configs: the warm-up ends at the full rate, where the decay begins."""
    opt = optimiser()
    up = LinearLR(opt, start_factor=1e-6, by_epoch=False, begin=0, end=5)
    down = PolyLR(opt, power=1.0, by_epoch=False, begin=5, end=15)
    rates = []
    for _ in range(17):
        rates.append(opt.param_groups[0]['lr'])
        opt.step()
        up.step(), down.step()
    wanted = [0.1 * (1e-6 + (1 - 1e-6) * i / 5) for i in range(5)] + [0.1 * (1 - i / 10) for i in range(10)] + [0, 0]
    assert rates == pytest.approx(wanted, rel=1e-9, abs=1e-15)
    assert opt.param_groups[1]['lr'] == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize('kind', [SGD, Adam])
def test_momentum_follows_the_formula_too(kind):
    opt = kind([torch.nn.Parameter(torch.zeros(1))], lr=0.1, **({'momentum': 0.9} if kind is SGD else {}))
    scheduler = PARAM_SCHEDULERS.build({'type': 'LinearMomentum', 'start_factor': 0.5, 'by_epoch': False, 'end': 4},
                                       default_args={'optimizer': opt})
    values = []
    for _ in range(5):
        group = opt.param_groups[0]
        values.append(group['momentum'] if kind is SGD else group['betas'][0])
        opt.step(), scheduler.step()
    assert values == pytest.approx([0.9 * (0.5 + 0.5 * i / 4) for i in range(5)])


@pytest.mark.parametrize('name', ['PolyLR', 'LinearLR'])
def test_a_schedule_without_an_end_is_refused(name):
    with pytest.raises(ValueError, match=f'{name} has no end, .*: give end in param_scheduler, in iterations'):
        PARAM_SCHEDULERS.build({'type': name, 'by_epoch': False}, default_args={'optimizer': optimiser()})


def test_resuming_goes_on_to_the_bit():
    opt = optimiser()
    whole = PolyLR(opt, power=0.9, by_epoch=False, end=N)
    run(whole, opt, 7)
    state, groups = whole.state_dict(), [dict(group) for group in opt.param_groups]
    rest = run(whole, opt, N - 7)
    other = optimiser()
    again = PolyLR(other, power=0.9, by_epoch=False, end=N)
    again.load_state_dict(state)
    for group, kept in zip(other.param_groups, groups, strict=True):
        group['lr'] = kept['lr']
    assert run(again, other, N - 7) == rest
