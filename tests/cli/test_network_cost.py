"""``mtkd network-cost``: records of small networks, and the page that ``mtkd leaderboard`` makes of them."""

from mtkd.cli import network_cost
from mtkd.leaderboard import read_costs
from mtkd.studies.networks.training_cost import CLOCKS
from tests.studies.networks.compared import write_network

from .called import run


def test_records_and_page(tmp_path, monkeypatch, capsys):
    """One of three networks cannot be built: it is named, and the others have their records."""
    base = write_network(tmp_path, 'a')
    write_network(tmp_path, 'b_wide', 'Wide', "\nmodel['net']['head']['channels'] = 64")
    write_network(tmp_path, 'c_bad', 'Bad', "\nmodel['net']['backbone']['name'] = 'no_such_network'")
    command = ['network-cost', tmp_path / '*.py', '--baseline', base, '--size', 32, 48, '--batch', 2, '--steps', 2,
               '--out', tmp_path / 'costs.jsonl']
    code, out, err = run(monkeypatch, capsys, *command)
    assert code == 1 and 'Bad: not measured: ' in err and [line.split()[0] for line in out.splitlines()] == ['MT', 'Wide']
    baseline, made = read_costs([tmp_path / 'costs.jsonl'])
    assert (made.network, made.baseline, made.input_size, made.batch_size, made.clock) == ('Wide', 'MT', (32, 48), 2, 'cpu')
    assert made.step_ratio > 0 and made.kept_bytes > 0 and 'network-cost' in made.command
    assert baseline.is_baseline
    code, out, _ = run(monkeypatch, capsys, *command, '--missing', '--only', 'MT', 'b_wide')
    assert code == 0 and not out
    code, out, _ = run(monkeypatch, capsys, 'leaderboard', tmp_path / 'costs.jsonl', '--costs')
    assert code == 0 and '| MT (the baseline) | tiny |' in out and '| Wide | tiny |' in out


def test_mistakes_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)
    write_network(tmp_path, 'a')
    for arguments, words in ((['--steps', 0], 'is not a positive whole number'),
                             (['--device', 'cuda'], 'needs --clock wall'),
                             (['--out', 'folder'], 'must end in .jsonl'),
                             (['--only', 'x', '--baseline', tmp_path / 'a.py'], '--only x: there is no such network')):
        code, _, err = run(monkeypatch, capsys, 'network-cost', tmp_path / '*.py', *arguments)
        assert code == 2 and words in err and 'Traceback' not in err


def test_the_clocks_are_those_there_are():
    assert tuple(CLOCKS) == network_cost.CLOCKS
