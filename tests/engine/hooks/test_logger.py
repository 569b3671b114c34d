"""One interval for all outputs; a line only where there are new means."""

import json

import pytest

from mtkd.engine.config import load_config, prepare
from mtkd.engine.run import Job, train
from tests.engine.toy import write_config


def prepared(tmp_path, options=None, text=''):
    config = write_config(tmp_path)
    config.write_text(config.read_text() + text)
    return config, prepare(load_config(config, options or {}), work_dir=tmp_path, seed=0, data_root=tmp_path)


def test_the_loggers_interval_is_everybodys(tmp_path):
    hooks = "\ncustom_hooks = [dict(type='LabelCountHook'), dict(type='ProgressHook', title='t', interval=7)]\n"
    _, cfg = prepared(tmp_path, {'default_hooks.logger.interval': 3}, hooks)
    hooks = cfg.default_hooks
    assert (hooks.runtime_info.interval, hooks.finite.interval, cfg.log_processor.window_size) == (3, 3, 3)
    assert [hook.interval for hook in cfg.custom_hooks] == [3, 7]
    assert prepared(tmp_path, {'default_hooks.logger': None})[1].default_hooks.runtime_info.interval == 50
    with pytest.raises(ValueError, match=r'default_hooks\.runtime_info\.interval=9 is not the logging interval, .*=2: '):
        prepared(tmp_path, {'default_hooks.runtime_info.interval': 9})


@pytest.mark.parametrize('interval', [1, 3])
def test_each_line_shows_its_own_interval(tmp_path, interval):
    """Three batches per epoch, eight iterations: MMEngine would write lines at the ends of epochs, and none at the end."""
    config, _ = prepared(tmp_path)
    whole = train(Job(str(config), work_dir=tmp_path / 'run', options={'default_hooks.logger.interval': interval,
                                                                       'train_cfg.max_iters': 8}))
    lines = [json.loads(line) for line in (whole / 'vis_data/scalars.json').read_text().splitlines()]
    assert [line['step'] for line in lines] == ([1, 2, 3, 4, 5, 6, 7, 8] if interval == 1 else [3, 6, 8])
    assert len({line['loss'] for line in lines}) == len(lines)
