"""The training loop's seeds; its behaviour in a run is tested in test_run.py and test_checkpoint.py."""

import json
from types import SimpleNamespace

import pytest
import torch

from mtkd.engine.checkpoint import load
from mtkd.engine.loops import TrainLoop, step_seed
from mtkd.engine.run import Job, train
from tests.engine.toy import write_config


def test_step_seeds_differ_and_repeat():
    seeds = {step_seed(s, i, r) for s in range(5) for i in range(50) for r in range(4)}
    assert len(seeds) == 5 * 50 * 4
    assert all(0 <= seed < 2 ** 63 for seed in seeds)
    assert step_seed(3, 7, 1) == step_seed(3, 7, 1)




def _loop(**kwargs):
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


def test_schedules_by_epochs_go_on_from_an_epochs_end(tmp_path):
    """The checkpoint of an epoch's last step is written before these schedules take their step, which resuming makes up for.
    """
    config = write_config(tmp_path, iters=8, interval=3)
    text = config.read_text().replace("dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)",
                                      "dict(type='MultiStepLR', milestones=[1, 2], gamma=0.1, by_epoch=True)")
    config.write_text(text.replace("interval=2", "interval=1"))
    whole = train(Job(str(config), work_dir=tmp_path / 'whole'))
    part = train(Job(str(config), work_dir=tmp_path / 'part', resume_from=whole / 'iter_6.pth'))
    rates = [[json.loads(line)['lr'] for line in (folder / 'vis_data/scalars.json').read_text().splitlines()]
             for folder in (whole, part)]
    assert rates[0] == pytest.approx([0.05] * 3 + [0.005] * 3 + [0.0005] * 2) and rates[1] == rates[0][6:]
    one, two = (load(folder / 'final.pth')['state_dict'] for folder in (whole, part))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_validation_that_a_stop_prevented_is_made_up_for(tmp_path):
    """A checkpoint is written before the validation of its iteration; after an interruption, that validation runs first."""
    config = write_config(tmp_path, iters=6, interval=2, val_interval=4)
    whole = train(Job(str(config), work_dir=tmp_path / 'whole', options={'default_hooks.checkpoint.keep': 3}))
    for at, due in ((2, [4, 6]), (4, [4, 6]), (6, [6])):
        part = train(Job(str(config), work_dir=tmp_path / f'part{at}', resume_from=whole / f'iter_{at}.pth'))
        assert _validations(part) == {step: _validations(whole)[step] for step in due}


def _validations(folder):
    lines = [json.loads(line) for line in (folder / 'vis_data/scalars.json').read_text().splitlines()]
    return {line['step']: line['depth/rmse'] for line in lines if 'depth/rmse' in line}
