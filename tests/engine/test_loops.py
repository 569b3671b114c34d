"""The training loop's seeds; its behaviour in a run is tested in test_run.py and test_checkpoint.py."""

from types import SimpleNamespace

import pytest

from mtkd.engine.loops import TrainLoop, step_seed


def test_step_seeds_differ_and_repeat():
    seeds = {step_seed(s, i, r) for s in range(5) for i in range(50) for r in range(4)}
    assert len(seeds) == 5 * 50 * 4
    assert all(0 <= seed < 2 ** 63 for seed in seeds)
    assert step_seed(3, 7, 1) == step_seed(3, 7, 1)




def _loop(**kwargs):
    import torch
    loader = torch.utils.data.DataLoader(list(range(40)), batch_size=4)
    runner = SimpleNamespace(visualizer=SimpleNamespace())
    return TrainLoop(runner, loader, **kwargs)


def test_epochs_and_iterations():
    loop = _loop(max_epochs=3)
    assert (loop.max_iters, loop.max_epochs, loop.epoch) == (30, 3, 0)
    loop._iter = 25
    assert loop.epoch == 2
    assert _loop(max_iters=31).max_epochs == 4


@pytest.mark.parametrize('kwargs', [{}, {'max_iters': 3, 'max_epochs': 1}])
def test_exactly_one_length(kwargs):
    with pytest.raises(ValueError, match='max_iters or max_epochs'):
        _loop(**kwargs)
