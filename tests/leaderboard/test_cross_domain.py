import csv
import io
import json

import pytest

from mtkd.leaderboard import build, cross_domain, render_cross

from ..cli.called import leaderboard
from .cases import result, single_task

MIOU = {'MT': {'a': (40.0, 42.0), 'b': (30.0, 32.0)}, 'MT+KD': {'a': (41.0, 41.5), 'b': (35.0, 36.0)}}


@pytest.fixture
def runs(tmp_path):
    """Two methods, two seeds, each tested on set a (results.json) and b (results_b.json)."""
    for method, tests in MIOU.items():
        for test, values in tests.items():
            for seed, value in enumerate(values):
                made = result({'semseg': value, 'depth': value / 100}, seed, method=method, train_set='a',
                              test_set=f'set {test}', domain='grey' if test == 'b' else None, suite='toy')
                name = 'results.json' if test == 'a' else 'results_b.json'
                made.write(tmp_path / method / f'seed{seed}' / name)
    return tmp_path


def test_one_table_a_task_and_one_line_a_training(runs):
    semseg, depth = cross_domain([runs])
    assert (semseg.column.key, depth.column.key) == (('semseg', 'mIoU'), ('depth', 'rmse'))
    assert semseg.tests == ['set a', 'set b (grey)']
    first, second = semseg.rows
    assert (first.method, first.train_set, first.n) == ('MT', 'a', '2') and second.method == 'MT+KD'
    assert first.cells['set a'].mean == 41.0 and first.cells['set b (grey)'].mean == 31.0
    assert first.cells['set a'].half_width == pytest.approx(12.706, rel=1e-3), 'Student t of two runs'
    assert (first.best, second.best) == (set(), {'set a', 'set b (grey)'})
    assert depth.rows[0].best == {'set a', 'set b (grey)'}, 'lower is better'


def test_seeds_and_sets_that_are_missing(runs):
    (runs / 'MT/seed1/results_b.json').unlink()
    (runs / 'MT+KD/seed0/results_b.json').unlink()
    (runs / 'MT+KD/seed1/results_b.json').unlink()
    semseg, _ = cross_domain([runs])
    assert semseg.rows[0].n == '1 to 2' and semseg.rows[0].cells['set b (grey)'].half_width is None
    assert 'set b (grey)' not in semseg.rows[1].cells and not semseg.rows[0].best, 'a single value is not marked as best'
    assert '| a | MT+KD | hrnet18 | 2 | **41.25 ± 3.18** |  |' in render_cross([semseg])


def test_single_tasks_stand_in_their_task_s_table(runs):
    for made in single_task({'semseg': 38.0, 'depth': 0.5}, train_set='b', test_set='set a'):
        made.write(runs / 'ST' / made.tasks[0] / 'results.json')
    semseg, depth = cross_domain([runs])
    assert [row.method for row in semseg.rows] == [row.method for row in depth.rows] == ['MT', 'MT+KD', 'ST']
    assert semseg.rows[2].train_set == 'b' and list(semseg.rows[2].cells) == ['set a']


def test_lines_that_read_the_same_name_their_config(runs):
    other = result({'semseg': 20.0, 'depth': 0.9}, train_set='a', test_set='set a', config='configs/other.py',
                   config_sha256='another')
    other.write(runs / 'other' / 'results.json')
    methods = sorted(row.method for row in cross_domain([runs])[0].rows)
    assert methods == ['MT [MT_semseg_depth]', 'MT [other]', 'MT+KD']


def test_formats(runs):
    tables = cross_domain([runs])
    text = render_cross(tables, 'md', 'Faces', 'How it was measured.')
    assert text.startswith('# Faces\n\nHow it was measured.') and '## toy: semseg, mIoU (%) ↑' in text
    assert '| Trained on | Method | Backbone | n | set a | set b (grey) |' in text and '**35.50 ± 6.35**' in text
    page = render_cross(tables, 'html', 'A <b>')
    assert page.startswith('<!doctype html>') and 'A &lt;b&gt;' in page and '<td class="num best">35.50 ± 6.35</td>' in page
    rows = list(csv.DictReader(io.StringIO(render_cross(tables, 'csv'))))
    assert len(rows) == 8 and rows[0]['train_set'] == 'a' and float(rows[0]['mean']) == 41.0
    data = json.loads(render_cross(tables, 'json'))['cross_domain']
    assert data[0]['rows'][1]['cells']['set b (grey)']['n'] == 2
    with pytest.raises(ValueError, match='unknown format'):
        render_cross(tables, 'pdf')


def test_an_undefined_number_is_no_best(runs):
    for seed in (0, 1):
        bad = result({'semseg': float('nan'), 'depth': 0.2}, seed, method='NaN', train_set='a', test_set='set a')
        bad.write(runs / 'nan' / f'seed{seed}' / 'results.json')
    semseg, _ = cross_domain([runs])
    assert semseg.rows[2].method == 'NaN' and not semseg.rows[2].best and 'undefined' in render_cross([semseg])
    json.loads(render_cross([semseg], 'json'))


@pytest.mark.parametrize(('suite', 'words'), [('nope', "no results of suite 'nope' found; there are results of: toy")])
def test_mistakes(runs, suite, words):
    with pytest.raises(ValueError, match=words):
        cross_domain([runs], suite)
    with pytest.raises(ValueError, match='name at least one folder'):
        cross_domain([])


def test_the_tool(runs, tmp_path, capsys):
    out = tmp_path / 'cross.md'
    assert leaderboard([str(runs), '--cross-domain', '--out', str(out)]) == 0
    assert out.read_text().startswith('# Trained on')
    assert leaderboard([str(runs), '--cross-domain', '--out', str(out), '--check']) == 0
    assert leaderboard([str(runs / 'nowhere'), '--cross-domain']) == 2
    assert 'no such folder' in capsys.readouterr().err


def test_the_ordinary_leaderboard_shows_both_sets(runs):
    board, = build([runs], 'toy', with_published=False)
    assert sorted((row.method, row.test_set) for row in board.measured) == [
        ('MT', 'set a'), ('MT', 'set b'), ('MT+KD', 'set a'), ('MT+KD', 'set b')]
