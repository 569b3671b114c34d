"""The live line of short runs."""

from types import SimpleNamespace

import torch

from mtkd.engine.hooks.progress import ProgressHook, fitting


def test_it_shows_what_a_user_wants_to_know(capsys):
    hook = ProgressHook('a student', interval=1)
    runner = SimpleNamespace(max_iters=3, iter=0)
    hook.before_train(runner)
    for i in range(3):
        hook.after_train_iter(runner, i, outputs={'loss': torch.tensor(9.0), 'semseg/ce': torch.tensor(1.25)})
    hook.after_val_epoch(SimpleNamespace(iter=3), {'semseg/mIoU': 12.5, 'semseg/pixAcc': 40.0, 'depth/rmse': 0.7})
    hook.after_train(runner)
    shown = capsys.readouterr().out
    assert 'a student' in shown and '3/3' in shown
    assert 'validation at 3: semseg/mIoU 12.5  depth/rmse 0.7' in shown


def test_terms_never_crowd_the_line_out():
    parts = ['semseg/ce 1.25', 'depth/l1 0.5', 'edge/bce 3']
    assert fitting(parts, 28) == 'semseg/ce 1.25  depth/l1 0.5' and fitting(parts, 27) == 'semseg/ce 1.25'
    assert fitting(parts, 5) == fitting([], 80) == ''
