"""The live line of short runs."""

from types import SimpleNamespace

import torch

from mtkd.engine.hooks.progress import ProgressHook


def test_it_shows_what_a_user_wants_to_know(capsys):
    hook = ProgressHook('a student', interval=1)
    runner = SimpleNamespace(max_iters=3, iter=0)
    hook.before_train(runner)
    for i in range(3):
        hook.after_train_iter(runner, i, outputs={'loss': torch.tensor(9.0), 'semseg/ce': torch.tensor(1.25)})
    hook.after_train(runner)
    shown = capsys.readouterr().out
    assert 'a student' in shown and '3/3' in shown
