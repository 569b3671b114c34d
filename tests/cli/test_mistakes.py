"""Mistakes become one sentence and an exit code."""

import pytest

from mtkd.cli import mistakes


def test_exit_codes(capsys, monkeypatch):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)

    def mistake():
        raise ValueError('the thing is wrong')

    def stopped():
        raise KeyboardInterrupt

    assert mistakes.exit_code(lambda: 0) == 0
    assert mistakes.exit_code(mistake) == 2
    assert capsys.readouterr().err.startswith('error: the thing is wrong\n')
    assert mistakes.exit_code(stopped) == 130
    monkeypatch.setenv('MTKD_TRACEBACK', '1')
    with pytest.raises(ValueError, match='the thing is wrong'):
        mistakes.exit_code(mistake)


def test_bugs_keep_their_traceback():
    def bug():
        raise AssertionError('a bug')
    with pytest.raises(AssertionError):
        mistakes.exit_code(bug)


def test_a_workers_error_is_unwrapped():
    error = ValueError('Caught BadData in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n'
                       '  File "x"\nmtkd.datasets.base.BadData: a.png is unreadable\n')
    assert mistakes.one_sentence(error) == 'mtkd.datasets.base.BadData: a.png is unreadable'
    assert mistakes.one_sentence(KeyError('a name')) == 'a name'
