"""The measured values, and that measuring does not affect the training."""

import json
from types import SimpleNamespace

import pytest
import torch

from mtkd.balance import WeightedSum
from mtkd.engine.checkpoint import load
from mtkd.engine.run import Job, train
from mtkd.studies.conflicts import GradientConflictHook
from tests.engine.toy import write_config

HOOK = "\ncustom_hooks = [dict(type='GradientConflictHook', interval=2)]\n"


class Scalars:
    """A visualiser that records scalars."""

    def __init__(self) -> None:
        self.values, self.pictures = {}, []

    def add_scalars(self, values, step):
        self.values[step] = values

    def add_image(self, name, image, step):
        self.pictures.append((name, image.shape, step))


def fake_runner(tmp_path, tasks=('a', 'b'), weights=(1.0, 2.0)) -> SimpleNamespace:
    balance = WeightedSum()
    balance.setup(dict(zip(tasks, weights, strict=True)))
    model = SimpleNamespace(balance=balance, tasks=dict.fromkeys(tasks), net=SimpleNamespace(tap_specs={'shared': None}))
    return SimpleNamespace(model=model, iter=0, visualizer=Scalars(), work_dir=str(tmp_path))


def step(runner, hook, a, b) -> None:
    """One iteration whose losses have the gradients ``a`` and ``b`` at the tap."""
    hook.before_train_iter(runner, 0)
    tap = torch.ones(1, 2, requires_grad=True)
    runner.model.balance({'a/x': (tap * torch.tensor(a)).sum(), 'b/x': (tap * torch.tensor(b)).sum()}, {}, {},
                         {'shared': tap}).backward()
    hook.after_train_iter(runner, 0)
    runner.iter += 1


def test_the_angle_between_two_losses(tmp_path):
    runner, hook = fake_runner(tmp_path), GradientConflictHook(interval=2)
    hook.before_train(runner)
    for a, b in (([1.0, 0.0], [1.0, 0.0]), ([1.0, 0.0], [-1.0, 1.0]), ([1.0, 0.0], [1.0, 0.0]), ([3.0, 4.0], [0.0, 0.0])):
        step(runner, hook, a, b)
    hook.after_train(runner)
    seen = runner.visualizer
    assert seen.values == {2: {'conflict/a~b': pytest.approx(-0.5 ** 0.5)}, 4: {}}, 'a task without gradient has no angle'
    assert [name for name, _, _ in seen.pictures] == ['conflicts'] * 2
    assert (tmp_path / 'conflicts.png').is_file()
    step(runner, hook, [1.0, 0.0], [1.0, 0.0])
    step(runner, hook, [1.0, 0.0], [1.0, 0.0])
    assert len(hook.steps) == 2, 'it no longer wraps the balance'


def test_the_history_goes_on_after_a_resume(tmp_path):
    runner, first, second = fake_runner(tmp_path), GradientConflictHook(interval=1), GradientConflictHook(interval=1)
    first.before_train(runner)
    step(runner, first, [1.0, 0.0], [0.0, 1.0])
    checkpoint: dict = {}
    first.before_save_checkpoint(runner, checkpoint)
    second.after_load_checkpoint(runner, checkpoint)
    assert second.steps == [1] and second.history[0][0, 1] == 0


def test_what_cannot_be_looked_at(tmp_path):
    with pytest.raises(ValueError, match='give 1 or more'):
        GradientConflictHook(interval=0)
    with pytest.raises(ValueError, match="no tap 'nowhere'; it has shared"):
        GradientConflictHook(tap='nowhere').before_train(fake_runner(tmp_path))
    lonely = fake_runner(tmp_path)
    lonely.model.tasks = {'a': None}
    with pytest.raises(ValueError, match='two or more tasks'):
        GradientConflictHook().before_train(lonely)


def test_training_is_the_same_to_the_bit(tmp_path):
    plain = write_config(tmp_path, 'plain', iters=4, interval=4)
    watched = tmp_path / 'watched.py'
    watched.write_text(plain.read_text() + HOOK)
    folders = [train(Job(str(config), work_dir=tmp_path / config.stem)) for config in (plain, watched)]
    one, two = (load(folder / 'final.pth')['state_dict'] for folder in folders)
    assert all(torch.equal(one[key], two[key]) for key in one)
    lines = [json.loads(line) for line in (folders[1] / 'vis_data' / 'scalars.json').read_text().splitlines()]
    assert [line['step'] for line in lines if 'conflict/semseg~depth' in line] == [2, 4]
    assert (folders[1] / 'conflicts.png').is_file() and list((folders[1] / 'vis_data').rglob('conflicts*.png'))
