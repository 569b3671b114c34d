"""Labelled samples are counted per task and data set, over the interval and over the run."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub

from mtkd.datasets import MultiDataset, collate
from mtkd.datasets.faces import FairFace
from mtkd.engine.hooks import label_counts
from mtkd.engine.hooks.label_counts import LabelCountHook

from ...datasets.faces.copies import write_fairface

TASKS = {'age': 'class_label', 'race': 'class_label'}


@pytest.fixture
def runner(tmp_path):
    write_fairface(tmp_path, 12)
    data = MultiDataset([FairFace(TASKS, tmp_path, name=name, parts=3, part=i, keep=keep)
                         for i, (name, keep) in enumerate((('a', ('age',)), ('b', ('age', 'race')), ('none', ())))])
    lines = []
    return SimpleNamespace(iter=0, max_iters=3, train_dataloader=SimpleNamespace(dataset=data), lines=lines,
                           message_hub=MessageHub(f'labels{id(lines)}'), logger=SimpleNamespace(info=lines.append))


def run(runner, batches, interval=2):
    hook = LabelCountHook(interval)
    hook.before_train(runner)
    for i, keys in enumerate(batches):
        runner.iter = i
        hook.after_train_iter(runner, i, collate([runner.train_dataloader.dataset[key] for key in keys]))
    hook.after_train(runner)
    return {task: runner.message_hub.get_scalar(f'train/labelled/{task}').data[0].tolist() for task in TASKS}


BATCHES = [[(0, 0, 0), (1, 1, 0), (2, 0, 0)], [(1, 2, 0), (2, 3, 0)], [(0, 3, 1), (0, 2, 1)]]


def test_counts(runner):
    assert run(runner, BATCHES) == {'age': [3, 2], 'race': [2, 0]}  # of iterations 1 and 2, and of the last
    assert runner.lines == [
        'training data a: 4 samples, labelled: age 4, race 0', 'training data b: 4 samples, labelled: age 4, race 4',
        'training data none: 4 samples, labelled: age 0, race 0',
        'seen in training of a: 3 samples, labelled: age 3, race 0',
        'seen in training of b: 2 samples, labelled: age 2, race 2',
        'seen in training of none: 2 samples, labelled: age 0, race 0']


def test_ranks_are_added_up(runner, monkeypatch):
    monkeypatch.setattr(label_counts, 'all_reduce', lambda tensor: tensor.mul_(2))
    assert run(runner, BATCHES) == {'age': [6, 4], 'race': [4, 0]}


def test_a_run_that_stops_early_is_told_in_full(runner):
    runner.max_iters = 100
    run(runner, BATCHES)
    assert 'seen in training of a: 3 samples, labelled: age 3, race 0' in runner.lines


def test_one_data_set_that_knows_no_counts(runner):
    data = torch.utils.data.TensorDataset(torch.zeros(5))
    data.name, data.kinds = 'plain', {'age': None, 'race': None}
    runner.train_dataloader.dataset = data
    hook = LabelCountHook()
    hook.before_train(runner)
    assert runner.lines == ['training data plain: 5 samples']
    with pytest.raises(ValueError, match='interval=0'):
        LabelCountHook(0)
