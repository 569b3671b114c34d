"""Bounds from a curve, and that the test does not affect the run."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel, MMDistributedDataParallel
from torch import Tensor, nn

from mtkd.engine.checkpoint import load
from mtkd.engine.hooks import AdaptiveLR, LRRangeTest
from mtkd.engine.hooks.lr_range import broke, choose_range, smoothed
from mtkd.engine.run import Job, train
from tests.distill.ranks import on_two_ranks
from tests.prerequisites.pseudo_toy import write_config


def curve(drop_at: float, width: float = 0.5, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Constant at 2, a fall to 1 around lr = drop_at, then divergence at a hundred times that."""
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


def test_noise_at_the_start_is_no_fall():
    """As measured on faces: the first losses vary randomly by as much as ten times as many iterations of training reduce
    them.
    """
    rates = np.geomspace(1e-5, 1, 80)
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(0, 0.06, 80)
        losses = 4.9 - 0.35 / (1 + np.exp(-np.log(rates / 1e-3) / 0.7)) + np.maximum(0, np.log(rates / 1e-2)) * 0.2 + noise
        losses[0] += 0.2
        lr_min, lr_max = choose_range(rates, losses, smoothing=0.9)
        assert 2e-4 < lr_max < 1e-2 and lr_min >= 1e-5


def test_no_fall_and_nothing_to_look_at():
    with pytest.raises(ValueError, match=r'decreases at no learning rate from 0\.0001 to 1'):
        choose_range(np.geomspace(1e-4, 1, 40), np.linspace(1, 2, 40))
    with pytest.raises(ValueError, match='infinite or NaN after 3 iterations'):
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
    with pytest.raises(ValueError, match='nothing uses'):
        LRRangeTest().before_train(SimpleNamespace(hooks=[], param_schedulers=None, iter=0))


def test_the_run_begins_as_if_nothing_had_been(tmp_path):
    """The same weights as without the test, which only passes its bounds to the schedule."""
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


class Line(BaseModel):
    """One trainable weight, the model of the test on two ranks."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, y: Tensor, mode: str = 'tensor') -> dict[str, Tensor]:
        return {'loss': (x @ self.weight - y).square().mean()}


class Batches:
    """Eight samples per iteration, divided over the ranks."""

    batch_sampler = SimpleNamespace(start_at=lambda iteration: None)

    def __init__(self, rank: int, ranks: int) -> None:
        self.rank, self.ranks = rank, ranks

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        generator = torch.Generator().manual_seed(0)
        while True:
            x = torch.randn(8, 3, generator=generator)
            yield {'x': x[self.rank::self.ranks], 'y': x[self.rank::self.ranks] @ torch.tensor([1.0, -2.0, 3.0])}


def range_on(rank: int, ranks: int) -> dict[str, Tensor]:
    taker = AdaptiveLR()
    with tempfile.TemporaryDirectory() as folder:
        runner = SimpleNamespace(
            hooks=[taker], param_schedulers=[], iter=0, seed=0, model=Line(), work_dir=folder,
            logger=SimpleNamespace(info=lambda text: None), train_dataloader=Batches(rank, ranks),
            wrap_model=lambda cfg, model: MMDistributedDataParallel(model) if ranks > 1 else model,
            cfg=Config({'optim_wrapper': {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1}}}))
        hook = LRRangeTest(low=1e-4, high=3.0, iters=30)
        losses = hook._run(runner)[1]
        hook.before_train(runner)
        wrote = Path(folder, 'lr_range.json').exists()
    return {'bounds': torch.tensor([taker.lr_min, taker.lr_max]), 'losses': torch.tensor(losses),
            'wrote': torch.tensor(wrote)}


def test_two_ranks_find_the_range_of_one(tmp_path):
    first, second = on_two_ranks(range_on, tmp_path)
    alone = range_on(0, 1)
    for key in ('bounds', 'losses'):
        torch.testing.assert_close(first[key], second[key], rtol=0, atol=0)
        torch.testing.assert_close(first[key], alone[key], rtol=1e-5, atol=1e-6)
    assert first['wrote'] and not second['wrote'], 'one rank writes the curve'
