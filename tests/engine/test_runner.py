"""A config that is written loads to the same config; loader workers survive signals."""

import math
import os
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from mtkd.engine.runner import TaskRunner, config_text

VALUES = {'a': float('inf'), 'b': [float('-inf'), 1.5, (float('nan'), 'inf')], 'c': {'inf': "it's", 'd': None, 'e': (1,)},
          'f': "float('inf')", 'g': True, 'h': 1e-8, 'i': [], 'j': {}, 'k': {'trunk.0': [{}], 3: 'x', 'class': ()},
          'l': [{'name': 'n' * 60, 'more': {'deep': ['w' * 50, ('v' * 60,)], 'a b': 1}}] * 3}


def same(one, two) -> bool:
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[key], two[key]) for key in one)
    if isinstance(one, list | tuple):
        return type(one) is type(two) and len(one) == len(two) and all(map(same, one, two))
    return type(one) is type(two) and (one == two or (isinstance(one, float) and math.isnan(one) and math.isnan(two)))


def test_what_is_written_loads_to_the_same(tmp_path):
    cfg = Config(VALUES)
    (tmp_path / 'a.py').write_text(config_text(cfg))
    assert same(Config.fromfile(str(tmp_path / 'a.py'), lazy_import=False).to_dict(), cfg.to_dict())


def test_mmengines_own_text_does_not(tmp_path):
    """If this fails, :func:`config_text` is no longer needed."""
    (tmp_path / 'a.py').write_text(Config({'a': float('inf')}).pretty_text)
    with pytest.raises(NameError):
        Config.fromfile(str(tmp_path / 'a.py'), lazy_import=False)


def test_the_work_dirs_config_is_that_text(tmp_path):
    runner = SimpleNamespace(cfg=Config(VALUES, filename=__file__), work_dir=str(tmp_path), timestamp='t')
    TaskRunner.dump_config(runner)
    assert same(Config.fromfile(str(tmp_path / 'test_runner.py'), lazy_import=False).to_dict(), VALUES)
    assert [path.name for path in Path(tmp_path).iterdir()] == ['test_runner.py']


class Signalled(torch.utils.data.Dataset):
    """Every sample sends a signal to its own process."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        os.kill(os.getpid(), [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT][index])
        return index


def test_workers_live_through_signals():
    loader = TaskRunner.build_dataloader({'dataset': Signalled(), 'batch_size': 1, 'num_workers': 1,
                                          'sampler': {'type': 'DefaultSampler', 'shuffle': False},
                                          'collate_fn': {'type': 'default_collate'}})
    assert [int(batch) for batch in loader] == [0, 1, 2, 3]
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []) & {signal.SIGTERM, signal.SIGINT}
