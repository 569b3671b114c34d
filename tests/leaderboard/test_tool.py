import importlib.util
import json
from pathlib import Path

import pytest

from .cases import MT_HRNET18, ST_HRNET18, result, single_task, write

_SPEC = importlib.util.spec_from_file_location(
    'leaderboard_tool', Path(__file__).parents[2] / 'tools' / 'leaderboard.py'
)
tool = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(tool)


@pytest.fixture
def runs(tmp_path):
    return write(tmp_path / 'runs', *single_task(ST_HRNET18), result(MT_HRNET18))


def test_writes_the_format_the_ending_asks_for(runs, tmp_path):
    for name, start in (('a.md', '# '), ('a.csv', 'suite,'), ('a.json', '{'), ('a.html', '<!doctype html>')):
        out = tmp_path / 'deep' / name
        assert tool.main([str(runs), '--out', str(out)]) == 0
        assert out.read_text().startswith(start)


def test_prints_markdown_by_default(runs, capsys):
    assert tool.main([str(runs), '--title', 'Mine', '--note', 'How it was measured.']) == 0
    out = capsys.readouterr().out
    assert out.startswith('# Mine\n\nHow it was measured.') and '-1.88' in out


def test_format_beats_the_ending(runs, tmp_path):
    out = tmp_path / 'a.txt'
    assert tool.main([str(runs), '--out', str(out), '--format', 'json']) == 0
    assert 'toy' in json.loads(out.read_text())['suites']


@pytest.mark.parametrize('end', ['md', 'html', 'csv', 'json'])
def test_check(runs, tmp_path, capsys, end):
    out = tmp_path / f'page.{end}'
    command = [str(runs), '--out', str(out)]
    assert tool.main([*command, '--check']) == 1
    assert not out.exists()
    assert tool.main(command) == 0
    assert tool.main([*command, '--check']) == 0
    write(runs, result({task: value * 1.01 for task, value in MT_HRNET18.items()}, seed=1))
    before = out.read_text()
    assert tool.main([*command, '--check']) == 1
    assert 'does not match its results' in capsys.readouterr().err
    assert out.read_text() == before


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['{runs}/nowhere'], 'no such folder'),
        (['{empty}'], 'no results.json found'),
        (['{runs}', '--suite', 'nope'], "unknown suite 'nope'"),
        (['{runs}', '--suite', 'kdam_nyud'], "no results of suite 'kdam_nyud'"),
        ([], 'name at least one folder'),
        (['{runs}', '--note-file', '{empty}/note.md'], 'note.md'),
    ],
)
def test_mistakes_are_one_sentence_and_exit_2(runs, tmp_path, capsys, arguments, sentence):
    empty = tmp_path / 'empty'
    empty.mkdir()
    assert tool.main([argument.format(runs=runs, empty=empty) for argument in arguments]) == 2
    err = capsys.readouterr().err
    assert sentence in err and err.count('\n') == 1 and 'Traceback' not in err


def test_half_written_result_is_named(runs, capsys):
    (runs / 'results.json').write_text('{"schema_version": 1, "sui')
    assert tool.main([str(runs)]) == 2
    assert 'not complete JSON' in capsys.readouterr().err


def test_published_rows_can_be_left_out(tmp_path, capsys):
    runs = write(tmp_path, result(MT_HRNET18, suite='kdam_nyud'))
    tool.main([str(runs)])
    assert 'Reported by the paper' in capsys.readouterr().out
    tool.main([str(runs), '--no-published'])
    assert 'Reported by the paper' not in capsys.readouterr().out


def test_check_needs_a_page(runs, capsys):
    with pytest.raises(SystemExit) as stop:
        tool.main([str(runs), '--check'])
    assert stop.value.code == 2


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit):
        tool.main(['--help'])
    assert 'python tools/leaderboard.py work_dirs' in capsys.readouterr().out
