"""docs/mechanisms/leaderboards.md: its example is executed."""

import re
import shlex
from pathlib import Path

from mtkd.cli.main import main

ROOT = Path(__file__).parents[2]


def test_the_example_prints_what_the_page_shows(monkeypatch, capsys):
    text = (ROOT / 'docs' / 'mechanisms' / 'leaderboards.md').read_text()
    [(command, shown)] = re.findall(r'```console\n\$ mtkd leaderboard (.*)\n([^`]*)```', text)
    monkeypatch.chdir(ROOT)
    assert main(['leaderboard', *shlex.split(command)]) == 0
    printed = capsys.readouterr().out
    assert shown.count('\n') == 5 and shown in printed
    assert 'cannot give p below 0.12' in printed
