import gc
import json
import subprocess
import sys

import pytest

from mtkd.cli import leaderboard as command
from mtkd.cli.main import main
from mtkd.leaderboard import FORMATS
from tests.leaderboard.cases import MT_HRNET18, ST_HRNET18, result, single_task, write


@pytest.fixture
def runs(tmp_path):
    return write(tmp_path / 'runs', *single_task(ST_HRNET18), result(MT_HRNET18))


def test_writes_the_format_the_ending_asks_for(runs, tmp_path):
    for name, start in (('a.md', '# '), ('a.csv', 'suite,'), ('a.json', '{'), ('a.html', '<!doctype html>')):
        out = tmp_path / 'deep' / name
        assert main(['leaderboard', str(runs), '--out', str(out)]) == 0
        assert out.read_text().startswith(start)


def test_prints_markdown_by_default(runs, capsys):
    assert main(['leaderboard', str(runs), '--title', 'Mine', '--note', 'How it was measured.']) == 0
    out = capsys.readouterr().out
    assert out.startswith('# Mine\n\nHow it was measured.') and '-1.88' in out


def test_format_beats_the_ending(runs, tmp_path):
    out = tmp_path / 'a.txt'
    assert main(['leaderboard', str(runs), '--out', str(out), '--format', 'json']) == 0
    assert 'toy' in json.loads(out.read_text())['suites']


@pytest.mark.parametrize('end', ['md', 'html', 'csv', 'json'])
def test_check(runs, tmp_path, capsys, end):
    out = tmp_path / f'page.{end}'
    shown = [str(runs), '--out', str(out)]
    assert main(['leaderboard', *shown, '--check']) == 1
    assert not out.exists()
    assert main(['leaderboard', *shown]) == 0
    assert main(['leaderboard', *shown, '--check']) == 0
    write(runs, result({task: value * 1.01 for task, value in MT_HRNET18.items()}, seed=1))
    before = out.read_text()
    assert main(['leaderboard', *shown, '--check']) == 1
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
    assert main(['leaderboard', *(argument.format(runs=runs, empty=empty) for argument in arguments)]) == 2
    err = capsys.readouterr().err
    assert sentence in err and err.count('error: ') == 1 and 'Traceback' not in err


def test_half_written_result_is_named(runs, capsys):
    (runs / 'results.json').write_text('{"schema_version": 1, "sui')
    assert main(['leaderboard', str(runs)]) == 2
    assert 'not complete JSON' in capsys.readouterr().err


def test_published_rows_can_be_left_out(tmp_path, capsys):
    runs = write(tmp_path, result(MT_HRNET18, suite='kdam_nyud'))
    main(['leaderboard', str(runs)])
    assert 'Reported by the paper' in capsys.readouterr().out
    main(['leaderboard', str(runs), '--no-published'])
    assert 'Reported by the paper' not in capsys.readouterr().out


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (['--check'], '--check needs --out'), (['--cross-domain', '--baseline', 'MT'], 'leave out --cross-domain'),
    (['--costs', '--suite', 'x'], 'leave out --suite'), (['--replace'], '--replace needs --record'),
    (['--record', 'x.jsonl', '--out', 'x.md'], '--record only adds runs')])
def test_options_that_do_not_go_together(runs, capsys, arguments, sentence):
    assert main(['leaderboard', str(runs), *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_the_formats_are_those_there_are():
    assert command.FORMATS == FORMATS


def test_comparing(runs, capsys):
    write(runs / 'more', *[result({task: value * 1.01 for task, value in MT_HRNET18.items()}, method='KD', seed=seed)
                           for seed in range(2)])
    assert main(['leaderboard', str(runs), '--compare', 'MT', 'KD']) == 0
    assert '**KD against MT (hrnet18; seeds 0, without 1)**' in capsys.readouterr().out
    assert main(['leaderboard', str(runs), '--baseline', 'KD']) == 0
    assert '**MT against KD' in capsys.readouterr().out
    assert main(['leaderboard', str(runs), '--compare', 'MT', 'nope']) == 2
    err = capsys.readouterr().err
    assert "'nope' has no measured row" in err and err.count('error: ') == 1


def test_results_of_two_schema_versions_and_seeds_twice_are_one_sentence(runs, capsys):
    old = runs / 'old' / 'results.json'
    again = result(MT_HRNET18).write(old)
    assert main(['leaderboard', str(runs)]) == 2
    err = capsys.readouterr().err
    assert 'are both seed 0 of MT' in err and str(again) in err and err.count('error: ') == 1
    old.write_text(json.dumps({**json.loads(old.read_text()), 'schema_version': 0}))
    assert main(['leaderboard', str(runs)]) == 2
    err = capsys.readouterr().err
    assert f'{old}: schema version 0 is not supported, only 1' in err and err.count('error: ') == 1


def test_without_single_task_runs_delta_is_left_out_with_the_reason(tmp_path, capsys):
    write(tmp_path, result(MT_HRNET18))
    assert main(['leaderboard', str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert 'No Δ<sub>mt</sub>' in out or 'No Δ_mt: no single-task result for semseg, depth, normals, edge' in out


def test_recording(runs, tmp_path, capsys):
    file = tmp_path / 'results' / 'toy.jsonl'
    assert main(['leaderboard', str(runs), '--record', str(file)]) == 0
    assert capsys.readouterr().out == f'{file}: 5 runs added, 0 replaced\n'
    assert main(['leaderboard', str(runs), '--record', str(file)]) == 2
    err = capsys.readouterr().err
    assert 'are both seed 0 of' in err and err.count('error: ') == 1 and 'Traceback' not in err
    assert main(['leaderboard', str(runs), '--record', str(file), '--replace']) == 0
    assert capsys.readouterr().out.endswith('0 runs added, 5 replaced\n')
    assert main(['leaderboard', str(file)]) == 0
    assert '-1.88' in capsys.readouterr().out


def test_a_page_needs_neither_torch_nor_scipy_nor_numpy(runs, tmp_path):
    code = ('import sys; from mtkd.cli.main import main; code = main(sys.argv[1:]); '
            'print(sorted({"torch", "scipy", "numpy", "mmengine", "matplotlib"} & set(sys.modules))); sys.exit(code)')
    done = subprocess.run([sys.executable, '-c', code, 'leaderboard', str(runs), '--out', str(tmp_path / 'a.html')],
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'


def test_the_garbage_collector_is_left_as_it_was(runs, capsys):
    assert gc.isenabled()
    main(['leaderboard', str(runs)])
    assert gc.isenabled()
    with command.without_collection():
        assert not gc.isenabled()
        with command.without_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
