"""tools/network_cost.py: records of small networks, and the page that tools/leaderboard.py makes of them."""

import runpy
import sys
from pathlib import Path

import pytest

from mtkd.leaderboard import NetworkCost
from tests.studies.networks.compared import write_network

ROOT = Path(__file__).resolve().parents[2]


def run(monkeypatch, capsys, tool: str, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


def test_records_and_page(tmp_path, monkeypatch, capsys):
    """One of three networks cannot be built: it is named, and the others have their records."""
    base = write_network(tmp_path, 'a')
    write_network(tmp_path, 'b_wide', 'Wide', "\nmodel['net']['head']['channels'] = 64")
    write_network(tmp_path, 'c_bad', 'Bad', "\nmodel['net']['neck']['lateral_channels'] = -1")
    command = ['network_cost.py', tmp_path / '*.py', '--baseline', base, '--size', 32, 48, '--batch', 2, '--steps', 2,
               '--out', tmp_path / 'records']
    code, out, err = run(monkeypatch, capsys, *command)
    assert code == 1 and 'Bad: not measured: ' in err and [line.split()[0] for line in out.splitlines()] == ['MT', 'Wide']
    made = NetworkCost.read(tmp_path / 'records' / 'b_wide.json')
    assert (made.network, made.baseline, made.input_size, made.batch_size, made.clock) == ('Wide', 'MT', (32, 48), 2, 'cpu')
    assert made.step_ratio > 0 and made.kept_bytes > 0 and 'network_cost.py' in made.command
    assert NetworkCost.read(tmp_path / 'records' / 'a.json').is_baseline
    code, out, _ = run(monkeypatch, capsys, *command, '--missing', '--only', 'MT', 'b_wide')
    assert code == 0 and not out
    code, out, _ = run(monkeypatch, capsys, 'leaderboard.py', tmp_path / 'records', '--costs')
    assert code == 0 and '| MT (the baseline) | tiny |' in out and '| Wide | tiny |' in out


def test_mistakes_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)
    write_network(tmp_path, 'a')
    for arguments, words in ((['--steps', 0], 'each is 1 or more'), (['--device', 'cuda'], 'time it with the wall clock'),
                             (['--only', 'x', '--baseline', tmp_path / 'a.py'], '--only x: there is no such network')):
        code, _, err = run(monkeypatch, capsys, 'network_cost.py', tmp_path / '*.py', *arguments)
        assert code == 2 and words in err and 'Traceback' not in err
