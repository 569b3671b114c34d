"""``mtkd completion``, and the completions it provides."""

import os
import subprocess
import sys

import pytest

from .called import run


@pytest.mark.parametrize('shell', ['bash', 'zsh', 'fish'])
def test_the_shells_lines(monkeypatch, capsys, shell):
    code, out, _ = run(monkeypatch, capsys, 'completion', shell)
    assert code == 0 and 'mtkd' in out and '_ARGCOMPLETE' in out


@pytest.mark.parametrize(('line', 'expected'), [('mtkd tra', 'train'), ('mtkd train --with-p', '--with-prerequisites'),
                                                ('mtkd data imdb', 'imdb-wiki'),
                                                ('mtkd doctor --data kdam/swinT_from_swinL_ny',
                                                 'kdam/swinT_from_swinL_nyud228'),
                                                ('mtkd train kdam/swinT_from_swinL_ny', 'kdam/swinT_from_swinL_nyud228')])
def test_commands_options_configs_and_data_sets_are_completed(tmp_path, line, expected):
    """In a separate process: argcomplete uses file descriptor 9 of the process that it completes for."""
    answer = tmp_path / 'answer'
    asked = {'_ARGCOMPLETE': '1', 'COMP_LINE': line, 'COMP_POINT': str(len(line)), '_ARGCOMPLETE_IFS': '\n',
             '_ARGCOMPLETE_STDOUT_FILENAME': str(answer)}
    subprocess.run([sys.executable, '-m', 'mtkd'], env={**os.environ, **asked}, check=True)
    assert expected in answer.read_text().replace(' ', '\n').split('\n')
