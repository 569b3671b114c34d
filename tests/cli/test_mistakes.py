"""Every uncaught exception becomes one sentence and an exit code."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mtkd.cli import mistakes

NAME = 'message_hub'


@pytest.fixture(autouse=True)
def _no_traceback(monkeypatch):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)


def test_exit_codes(capsys, monkeypatch):
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


def _assertion():
    raise AssertionError('a bug')


def _full():
    raise OSError(errno.ENOSPC, 'No space left on device', '/some/file')


def _reader():
    return ['a text'][NAME]


def _package():
    import a_package_that_is_not_there
    return a_package_that_is_not_there


@pytest.mark.parametrize(('bug', 'code', 'words'), [
    (_assertion, 1, ('unexpected AssertionError at ', 'test_mistakes.py', 'a bug')),
    (lambda: {}['message_hub'], 1, ('unexpected KeyError', "there is no key 'message_hub'")),
    (lambda: {**'text'}, 1, ('unexpected TypeError', "'str' object is not a mapping", 'correct it')),
    (lambda: None(), 1, ('unexpected TypeError', "'NoneType' object is not callable")),
    (lambda: 1 <= 'a', 1, ("'<=' not supported",)),
    (lambda: [][101], 1, ('IndexError', 'list index out of range')),
    (lambda: json.loads('{'), 1, ('unexpected JSONDecodeError at ', 'test_mistakes.py')),  # not the file of a library
    (_reader, 1, ('TypeError', '(_reader)')),
    (_package, 2, ("the Python package 'a_package_that_is_not_there' is needed", 'install it')),
    (lambda: Path('/there/is/no/such').read_text(), 2,
     ('/there/is/no/such: there is no such file or folder: correct the path',)),
    (lambda: b'\xff'.decode(), 2, ('should be UTF-8',))])
def test_what_is_unexpected_is_a_sentence_with_its_place_and_a_log(bug, code, words, capsys, tmp_path):
    assert mistakes.exit_code(bug, tmp_path) == code
    said = capsys.readouterr().err
    assert all(word in said for word in words), said
    assert 'Traceback' not in said and 'Errno' not in said
    log = tmp_path / mistakes.LOG
    assert str(log) in said and 'Traceback (most recent call last)' in log.read_text()


def test_without_a_folder_the_log_is_a_temporary_file(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path))
    assert mistakes.exit_code(_assertion, tmp_path / 'not_there') == 1
    (log,) = tmp_path.glob('mtkd-traceback-*.log')
    assert str(log) in capsys.readouterr().err and 'a bug' in Path(log).read_text()


def test_an_errno_is_not_shown(capsys):
    assert mistakes.exit_code(_full) == 2
    assert capsys.readouterr().err.startswith('error: No space left on device')
    assert mistakes.one_sentence(OSError(28, 'a.pth was not written')) == 'a.pth was not written'


def test_a_workers_error_is_unwrapped():
    error = ValueError('Caught BadData in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n'
                       '  File "x"\nmtkd.datasets.base.BadData: a.png is unreadable\n')
    assert mistakes.one_sentence(error) == 'mtkd.datasets.base.BadData: a.png is unreadable'
    assert mistakes.one_sentence(KeyError('a name')) == 'a name'


@pytest.mark.parametrize('lines', [1, 20000])
def test_output_that_nobody_reads_any_more(lines):
    code = f'import sys; from mtkd.cli.mistakes import exit_code; sys.exit(exit_code(lambda: print("word\\n" * {lines})))'
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, '-c', code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (mistakes.CLOSED_PIPE, '')
