"""Mistakes become one sentence and an exit code."""

import argparse

import pytest

from mtkd.engine import cli


def test_exit_codes(capsys, monkeypatch):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)

    def mistake():
        raise ValueError('the thing is wrong')

    def stopped():
        raise KeyboardInterrupt

    assert cli.exit_code(lambda: 0) == 0
    assert cli.exit_code(mistake) == 2
    assert capsys.readouterr().err.startswith('error: the thing is wrong\n')
    assert cli.exit_code(stopped) == 130
    monkeypatch.setenv('MTKD_TRACEBACK', '1')
    with pytest.raises(ValueError, match='the thing is wrong'):
        cli.exit_code(mistake)


def test_bugs_keep_their_traceback():
    def bug():
        raise AssertionError('a bug')
    with pytest.raises(AssertionError):
        cli.exit_code(bug)


def test_a_workers_error_is_unwrapped():
    error = ValueError('Caught BadData in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n'
                       '  File "x"\nmtkd.datasets.base.BadData: a.png is unreadable\n')
    assert cli.one_sentence(error) == 'mtkd.datasets.base.BadData: a.png is unreadable'
    assert cli.one_sentence(KeyError('a name')) == 'a name'


def test_arguments_become_a_job(tmp_path):
    parser = argparse.ArgumentParser()
    parser.add_argument('config')
    cli.job_arguments(parser)
    job = cli.job_from(parser.parse_args(['c.py', '--seed', '3', '--amp', 'bf16', '--cfg-options', 'a.b=1', 'c=[1,2]']))
    assert (job.config, job.seed, job.amp, job.options) == ('c.py', 3, 'bf16', {'a.b': 1, 'c': [1, 2]})
    assert str(job.folder).endswith('c/seed3')
