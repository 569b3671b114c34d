"""``mtkd network-support``: what it tries, stores, and does not repeat."""

from mtkd.cli import network_support as command
from mtkd.studies.networks import support
from mtkd.studies.networks.support import Finding
from tests.studies.networks.compared import write_network

from .called import run


def test_a_network_that_comes_later_is_added(tmp_path, monkeypatch, capsys):
    """The second of two networks cannot be built; the table is still written."""
    write_network(tmp_path, 'a_good')
    files = ['--records', tmp_path / 'kept.jsonl', '--out', tmp_path / 'page.md', '--size', 32, 48]
    given = [tmp_path / '*.py', *files, '--features', 'bf16', 'fp16']
    code, out, _ = run(monkeypatch, capsys, 'network-support', *given)
    assert code == 0 and 'bf16          yes, loss' in out
    write_network(tmp_path, 'b_bad', 'Bad', "\nmodel['net']['backbone']['name'] = 'no_such_network'")
    code, out, _ = run(monkeypatch, capsys, 'network-support', *given)
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
    given = [tmp_path / '*.py', '--records', tmp_path / 'kept.jsonl', '--out', tmp_path / 'page.md', '--features', 'ddp']
    assert run(monkeypatch, capsys, 'network-support', *given, '--only', 'b')[0] == 0 and calls == [('B', 'ddp')]
    assert run(monkeypatch, capsys, 'network-support', *given)[0] == 0 and calls[1:] == [('A', 'ddp')]
    assert run(monkeypatch, capsys, 'network-support', *given)[0] == 0 and len(calls) == 2
    assert run(monkeypatch, capsys, 'network-support', *given, '--only', 'A', '--again')[0] == 0
    assert calls[2:] == [('A', 'ddp')]


def test_mistakes_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv('MTKD_TRACEBACK', raising=False)
    write_network(tmp_path, 'a')
    given = [tmp_path / '*.py', '--records', tmp_path / 'kept.jsonl', '--out', tmp_path / 'page.md']
    code, _, err = run(monkeypatch, capsys, 'network-support', *given, '--only', 'nope')
    assert code == 2 and '--only nope: there is no such network; there are a (MT)' in err
    code, _, err = run(monkeypatch, capsys, 'network-support', *given, '--size', 0, 5)
    assert code == 2 and '--size 0 5' in err
    code, _, err = run(monkeypatch, capsys, 'network-support', tmp_path / 'no*.py')
    assert code == 2 and 'there is no config' in err and not (tmp_path / 'page.md').exists()


def test_the_features_are_those_there_are():
    assert tuple(support.FEATURES) == command.FEATURES
