"""tools/network_support.py: what it tries, keeps, and does not try again."""

import runpy
import sys
from pathlib import Path

import pytest

from mtkd.studies.networks import support
from mtkd.studies.networks.support import Finding
from tests.studies.networks.compared import write_network

ROOT = Path(__file__).resolve().parents[2]


def run(monkeypatch, capsys, *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    monkeypatch.setattr(sys, 'argv', ['network_support.py', *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / 'tools/network_support.py'), run_name='__main__')
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


def test_a_network_that_comes_later_is_added(tmp_path, monkeypatch, capsys):
    """The second of two networks cannot be built; the table is made all the same."""
    write_network(tmp_path, 'a_good')
    files = ['--records', tmp_path / 'kept.jsonl', '--out', tmp_path / 'page.md', '--size', 32, 48]
    command = [tmp_path / '*.py', *files, '--features', 'bf16', 'fp16']
    code, out, _ = run(monkeypatch, capsys, *command)
    assert code == 0 and 'bf16          yes, loss' in out
    write_network(tmp_path, 'b_bad', 'Bad', "\nmodel['net']['neck']['lateral_channels'] = -1")
    code, out, _ = run(monkeypatch, capsys, *command)
    tried = [line.split()[:2] for line in out.splitlines()]
    assert code == 0 and ['MT', 'bf16'] not in tried and ['Bad', 'bf16'] in tried
    page = (tmp_path / 'page.md').read_text()
    assert '| MT | `a_good` | - | yes, loss' in page and '| Bad | `b_bad` | - | **no**<sup>' in page
    kept = (tmp_path / 'kept.jsonl').read_text().splitlines()
    assert len([line for line in kept if '"bf16"' in line]) == 2


def test_only_and_again(tmp_path, monkeypatch, capsys):
    for name in ('a', 'b'):
        write_network(tmp_path, name, name.upper(), f"\nmodel['net']['head']['channels'] = {8 + ord(name)}")
    calls = []
    monkeypatch.setattr(support, 'try_feature',
                        lambda feature, network, trial: calls.append((network.name, feature)) or Finding('yes'))
    command = [tmp_path / '*.py', '--records', tmp_path / 'kept.jsonl', '--out', tmp_path / 'page.md', '--features', 'ddp']
    assert run(monkeypatch, capsys, *command, '--only', 'b')[0] == 0 and calls == [('B', 'ddp')]
    assert run(monkeypatch, capsys, *command)[0] == 0 and calls[1:] == [('A', 'ddp')]
    assert run(monkeypatch, capsys, *command)[0] == 0 and len(calls) == 2
    assert run(monkeypatch, capsys, *command, '--only', 'A', '--again')[0] == 0 and calls[2:] == [('A', 'ddp')]


def test_mistakes_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)
    write_network(tmp_path, 'a')
    command = [tmp_path / '*.py', '--records', tmp_path / 'kept.jsonl', '--out', tmp_path / 'page.md']
    code, _, err = run(monkeypatch, capsys, *command, '--only', 'nope')
    assert code == 2 and '--only nope: there is no such network; there are a (MT)' in err
    code, _, err = run(monkeypatch, capsys, *command, '--size', 0, 5)
    assert code == 2 and '--size 0 5' in err
    code, _, err = run(monkeypatch, capsys, tmp_path / 'no*.py')
    assert code == 2 and 'there is no config' in err and not (tmp_path / 'page.md').exists()
