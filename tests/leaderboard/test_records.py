import json

import pytest

from mtkd.leaderboard import build, render
from mtkd.leaderboard.network_cost import record_cost
from mtkd.leaderboard.records import find, read_runs, record
from mtkd.leaderboard.results import Result

from .cases import MT_HRNET18, ST_HRNET18, result, single_task, write
from .test_network_cost import cost


@pytest.fixture
def runs(tmp_path):
    return write(tmp_path / 'runs', *single_task(ST_HRNET18), *[result(MT_HRNET18, seed) for seed in range(2)])


def test_a_file_of_lines_gives_the_same_page_as_folders(runs, tmp_path):
    file = tmp_path / 'toy.jsonl'
    assert record(file, [runs]) == (6, 0)
    assert len(file.read_text().splitlines()) == 6
    for form in ('md', 'html', 'csv', 'json'):
        assert render(build([file]), form) == render(build([runs]), form)
    assert [run.where for run in read_runs([file])][:2] == [f'{file}:1', f'{file}:2']


def test_what_a_file_has_already_is_refused_or_replaced(runs, tmp_path):
    file = tmp_path / 'toy.jsonl'
    record(file, [runs])
    before = file.read_text()
    better = {task: value * 2 for task, value in MT_HRNET18.items()}
    again = write(tmp_path / 'again', result(MT_HRNET18, seed=2), result(better, seed=1, config_sha256='changed since'))
    with pytest.raises(ValueError, match=r'toy\.jsonl:2 and .*again.* are both seed 1 of MT \(hrnet18, suite toy\)'):
        record(file, [again])
    assert file.read_text() == before
    assert record(file, [again], replace=True) == (1, 1)
    kept = [run.result for run in read_runs([file])]
    assert [r.seed for r in kept] == [0, 1, 0, 0, 0, 0, 2] and kept[1].metrics['semseg']['mIoU'].value == better['semseg']
    assert [r.role for r in kept[2:6]] == ['single_task'] * 4, 'tasks of one method are different rows'


def test_another_test_set_or_fold_is_another_record(tmp_path):
    runs = write(tmp_path / 'runs', *[result({'semseg': 1.0}, **change) for change in (
        {}, {'test_set': 'b'}, {'fold': 0}, {'fold': 1}, {'domain': 'x'}, {'backbone': 'y'})])
    assert record(tmp_path / 'toy.jsonl', [runs]) == (6, 0)


def test_one_suite_a_file(runs, tmp_path):
    write(runs, result(MT_HRNET18, suite='other'))
    with pytest.raises(ValueError, match=r'results of several suites \(.*; use one file per suite'):
        record(tmp_path / 'toy.jsonl', [runs])
    assert not (tmp_path / 'toy.jsonl').exists()
    assert record(tmp_path / 'toy.jsonl', [runs], suite='toy') == (6, 0)
    with pytest.raises(ValueError, match='several suites'):
        record(tmp_path / 'toy.jsonl', [runs], suite='other')


@pytest.mark.parametrize(('file', 'suite', 'paths', 'words'), [
    ('toy.json', None, ['{runs}'], r'toy\.json: records are kept in a file whose name ends in \.jsonl'),
    ('toy.jsonl', None, [], 'name at least one folder'), ('toy.jsonl', 'nope', ['{runs}'], "no results of suite 'nope'"),
    ('toy.jsonl', None, ['{runs}', '{runs}/MT-twice'], 'are both seed 0 of MT .* remove one')])
def test_mistakes_write_nothing(runs, tmp_path, file, suite, paths, words):
    if 'twice' in ''.join(paths):
        result(MT_HRNET18).write(runs / 'MT-twice' / 'results.json')
    with pytest.raises(ValueError, match=words):
        record(tmp_path / file, [path.format(runs=runs) for path in paths], suite)
    assert not (tmp_path / file).exists()


def test_lines_that_cannot_be_used_are_named(runs, tmp_path):
    file = tmp_path / 'toy.jsonl'
    record(file, [runs])
    lines = file.read_text().splitlines()
    file.write_text('\n'.join([lines[0], json.dumps({**json.loads(lines[1]), 'seed': 'one'}), lines[2]]))
    with pytest.raises(ValueError, match=r"toy\.jsonl:2: 'seed' must be an integer"):
        build([file])
    file.write_text('\n'.join([lines[0], lines[1], lines[2][:40]]))
    with pytest.raises(ValueError, match=r'toy\.jsonl:3: not complete JSON'):
        record(file, [runs], replace=True)
    file.write_text('')
    with pytest.raises(ValueError, match='no results in .*toy'):
        build([file])


def test_costs_are_no_results(tmp_path):
    record_cost(tmp_path / 'costs.jsonl', cost())
    with pytest.raises(ValueError, match=r'costs\.jsonl:1: this is a record of the cost of a network, .* --costs'):
        build([tmp_path / 'costs.jsonl'])


def test_a_folder_is_searched_for_results_json_alone(runs, tmp_path):
    record(runs / 'toy.jsonl', [runs])
    assert len(build([runs])[0].measured) == 2
    (tmp_path / 'kept').mkdir()
    (runs / 'toy.jsonl').rename(tmp_path / 'kept' / 'toy.jsonl')
    with pytest.raises(ValueError, match=r'no results.json found .*; name .*toy\.jsonl itself to read it'):
        find([tmp_path / 'kept'])


def test_links_to_one_file_are_read_once(tmp_path):
    file = result({'semseg': 1.0}).write(tmp_path / 'a' / 'results.json')
    (tmp_path / 'b').mkdir()
    (tmp_path / 'b' / 'results_again.json').symlink_to(file)
    (tmp_path / 'link').symlink_to(tmp_path / 'a')
    assert len(find([tmp_path, tmp_path / 'link', tmp_path / 'b'])) == 1
    assert Result.read(find([tmp_path / 'link'])[0]).seed == 0
