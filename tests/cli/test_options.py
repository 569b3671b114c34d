"""Options that several commands share."""

import argparse
import re

import pytest
from mmengine.config import DictAction

from mtkd.cli import options
from mtkd.cli.options import trackers
from mtkd.engine.run import Job


def test_arguments_become_a_job():
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    options.job_arguments(parser)
    given = parser.parse_args(['c.py', '--seed', '3', '--amp', 'bf16', '--cfg-options', 'a.b=1', 'c=[1,2]'])
    job = Job(**options.job_settings(given))
    assert (job.config, job.seed, job.amp, job.options) == ('c.py', 3, 'bf16', {'a.b': 1, 'c': [1, 2]})
    assert str(job.folder).endswith('c/seed3')


@pytest.mark.parametrize('text', ['1', '-2', '1e-3', '.5', 'true', 'False', 'None', 'relu', 'a/b.py', '[1,2]', '1,2',
                                  '(1,2)', '[(1,2),[3,a]]', '[]', '(1,)', '"x"', "'[1,2]'", 'a=b', '', '[(1,2),(3,4)]',
                                  'scale:0.9'])
def test_values_are_read_as_by_mmengine(text):
    read = {}
    for action in (options.KeyValues, DictAction):
        parser = argparse.ArgumentParser()
        parser.add_argument('--o', nargs='+', action=action)
        read[action] = parser.parse_args(['--o', f'k={text}']).o['k']
    ours, theirs = read.values()
    assert ours == theirs and type(ours) is type(theirs)


def test_options_add_up_and_a_pair_has_two_sides(capsys):
    parser = argparse.ArgumentParser()
    options.cfg_options(parser)
    assert parser.parse_args(['--cfg-options', 'a=1', '--cfg-options', 'b=x, y']).cfg_options == {'a': 1, 'b': ['x', 'y']}
    with pytest.raises(SystemExit):
        parser.parse_args(['--cfg-options', 'a'])
    assert '--cfg-options a: write KEY=VALUE' in capsys.readouterr().err


@pytest.mark.parametrize('text', ['0', '-1', 'two'])
def test_positive(text):
    with pytest.raises(argparse.ArgumentTypeError, match='positive whole number'):
        options.positive(text)
    assert options.positive('7') == 7


def test_trackers(monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None if name in ('aim', 'neptune') else object())
    assert trackers('wandb, mlflow,wandb') == ('wandb', 'mlflow')
    for text, words in (('wandb,aim', 'aim is not installed: pip install aim'),
                        ('wanbd', "'wanbd' is not a tracker; did you mean wandb?"),
                        ('aim,neptune', 'aim and neptune are not installed: pip install aim neptune'),
                        ('', 'choose from tensorboard, wandb')):
        with pytest.raises(argparse.ArgumentTypeError, match=re.escape(words)):
            trackers(text)
