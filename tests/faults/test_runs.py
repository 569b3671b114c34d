"""A run whose config has one wrong value either trains, or is rejected by a message; MTKD_FUZZ=N tries more values."""

import os
import random

import pytest
import torch
from mmengine.config import Config

from mtkd.cli.mistakes import is_deliberate, one_sentence
from mtkd.engine.run import Job, train

from ..engine.toy import write_config
from .mutations import at, listed, places, wrong_at, wrong_values

TRIES = int(os.environ.get('MTKD_FUZZ', '15'))


@pytest.mark.filterwarnings('ignore')
def test_every_run_trains_or_is_refused(tmp_path):
    teacher = write_config(tmp_path)
    base = listed(Config.fromfile(str(write_config(tmp_path, 'student', teacher=teacher, method='KD'))).to_dict())
    chosen = random.Random(3)
    everywhere = list(places(base))
    trained, refused, escaped = 0, 0, []
    for number in range(TRIES):
        path = chosen.choice(everywhere)
        value = chosen.choice(wrong_values(at(base, path), path))
        config = tmp_path / 'wrong.py'
        with wrong_at(base, path, value):
            config.write_text('from math import inf, nan\n' + ''.join(f'{key} = {part!r}\n' for key, part in base.items()))
        try:
            train(Job(config, smoke=True, work_dir=tmp_path / f'run{number}'))
            trained += 1
        except Exception as error:
            refused += 1
            if not is_deliberate(error):
                escaped.append(f'{path} = {value!r}: {type(error).__name__}: {one_sentence(error)}')
        finally:
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()
    assert not escaped, '\n'.join(escaped)
    assert trained and refused, 'otherwise the attempts show nothing'
