"""Terms are averaged over the interval and read once."""

from types import SimpleNamespace

import torch
from mmengine.logging import MessageHub

from mtkd.engine.hooks.runtime_info import IntervalInfoHook


def test_mean_over_the_interval():
    hub = MessageHub('interval_test')
    runner = SimpleNamespace(iter=0, max_iters=5, message_hub=hub)
    hook = IntervalInfoHook(interval=2)
    for i, value in enumerate((1.0, 3.0, 5.0, 6.0, 10.0)):
        runner.iter = i
        hook.after_train_iter(runner, i, outputs={'semseg/ce': torch.tensor(value), 'loss': torch.tensor(2 * value)})
    assert hub.get_scalar('train/semseg/ce').data[0].tolist() == [2.0, 5.5, 10.0]
    assert hub.get_scalar('train/loss').data[0].tolist() == [4.0, 11.0, 20.0]
