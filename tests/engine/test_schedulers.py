import pytest
import torch
from torch.optim import SGD

from mtkd.engine.schedulers import TriangularLR
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
