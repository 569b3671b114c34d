"""Bounds from a curve, and a test that leaves no trace in the run."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mtkd.engine.checkpoint import load
from mtkd.engine.hooks import LRRangeTest
from mtkd.engine.hooks.lr_range_test import broke, choose_range, smoothed
from mtkd.engine.run import Job, train
from tests.engine.pseudo_toy import write_config


def curve(drop_at: float, width: float = 0.5, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Flat at 2, a fall to 1 about ln lr = ln drop_at, then it explodes at a hundred times that."""
    rates = np.geomspace(1e-6, 10, count)
    x = np.log(rates / drop_at)
    return rates, 1 + 1 / (1 + np.exp(x / width)) + np.exp(np.minimum(x - np.log(100), 5))


def test_the_steepest_fall_is_the_upper_bound():
    for drop_at in (1e-3, 1e-2):
        lr_min, lr_max = choose_range(*curve(drop_at), smoothing=0.0)
        assert lr_max == pytest.approx(drop_at, rel=0.2)
        assert lr_max / 50 < lr_min < lr_max / 4
    assert choose_range(*curve(1e-3, width=2.0), smoothing=0.0)[0] < choose_range(*curve(1e-3, width=0.2), smoothing=0.0)[0]


def test_bounds_are_apart_even_for_a_sudden_fall():
    losses = np.where(np.arange(40) < 20, 2.0, 1.0)
    lr_min, lr_max = choose_range(np.geomspace(1e-4, 1, 40), losses, smoothing=0.0)
    assert lr_min <= lr_max / 4


def test_no_fall_and_nothing_to_look_at():
    with pytest.raises(ValueError, match=r'falls for no learning rate from 0\.0001 to 1'):
        choose_range(np.geomspace(1e-4, 1, 40), np.linspace(1, 2, 40))
    with pytest.raises(ValueError, match='no number after 3 iterations'):
        choose_range([1, 2, 3], [1, 1, 1])


def test_smoothing_is_unbiased_and_breaking_is_seen():
    np.testing.assert_allclose(smoothed([3.0] * 5, 0.9), 3.0)
    np.testing.assert_allclose(smoothed([1.0, 2.0], 0.5), [1.0, (0.25 + 1.0) / 0.75])
    assert broke([1.0, float('nan')], 0.9) and broke([1.0] * 5 + [100.0], 0.9) and not broke([2.0, 1.0, 1.5], 0.9)
    assert not broke([-1.0, -2.0, -1.9], 0.0) and broke([-1.0, -1.0, 9.0], 0.0)


@pytest.mark.parametrize('arguments', [{'low': 0}, {'low': 2.0}, {'iters': 5}, {'smoothing': 1.0}])
def test_arguments_that_make_no_sense(arguments):
    with pytest.raises(ValueError, match='low the smaller, iters 10 or more'):
        LRRangeTest(**arguments)


def test_bounds_that_nobody_wants():
    with pytest.raises(ValueError, match='nobody wants'):
        LRRangeTest().before_train(SimpleNamespace(hooks=[], param_schedulers=None, iter=0))


def test_the_run_begins_as_if_nothing_had_been(tmp_path):
    """The same weights as without the test, which only hands its bounds to the schedule."""
    test = "[dict(type='LRRangeTest', low=1e-4, high=3., iters=30)]"
    waiting = "[dict(type='TriangularLR', period=4, by_epoch=False)]"
    tested = train(Job(str(write_config(tmp_path, 'tested', hooks=test, schedule=waiting)), work_dir=tmp_path / 'tested'))
    found = json.loads((tested / 'lr_range.json').read_text())
    assert 1e-4 <= found['lr_min'] < found['lr_max'] <= 3
    assert 10 <= len(found['lr']) == len(found['loss']) == len(found['smoothed'])
    given = f"[dict(type='TriangularLR', lr_min={found['lr_min']!r}, lr_max={found['lr_max']!r}, period=4, by_epoch=False)]"
    plain = train(Job(str(write_config(tmp_path, 'plain', schedule=given)), work_dir=tmp_path / 'plain'))
    one, two = (load(folder / 'final.pth')['state_dict'] for folder in (tested, plain))
    assert all(torch.equal(one[key], two[key]) for key in one)
