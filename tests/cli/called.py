"""Run a command as a user types it, in this process."""

import sys
from collections.abc import Sequence

from mtkd.cli.main import main


def run(monkeypatch, capsys, command: str, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of ``mtkd COMMAND ARGUMENTS``."""
    given = [command, *map(str, arguments)]
    monkeypatch.setattr(sys, 'argv', ['mtkd', *given])
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)
    try:
        code = main(given)
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def leaderboard(arguments: Sequence[str]) -> int:
    """Exit code of ``mtkd leaderboard ARGUMENTS``."""
    return main(['leaderboard', *map(str, arguments)])
