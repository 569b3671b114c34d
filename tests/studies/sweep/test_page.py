from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from mtkd.studies.sweep.page import SweptRow, plots, series_of, sweep_board

from ...leaderboard.cases import MT_HRNET18, ST_HRNET18, result, single_task, write


def swept(root: Path, values: dict[str, object], *semseg: float, **kwargs) -> SweptRow:
    """A row of a sweep with one run per number."""
    label = ', '.join(f'{name} = {value}' for name, value in values.items())
    files = [result({**MT_HRNET18, 'semseg': number}, seed, **kwargs).write(root / label / f'seed{seed}' / 'results.json')
             for seed, number in enumerate(semseg)]
    return SweptRow(label, values, files)


@pytest.fixture
def rows(tmp_path):
    return [swept(tmp_path / 'runs', {'beta': beta}, *numbers) for beta, numbers in
            {4.0: (36.0, 37.0), 0.1: (35.0, 35.5), 1.0: (36.5, 36.9)}.items()]


def test_rows_are_the_values_in_the_sweeps_order_after_the_references(rows, tmp_path):
    write(tmp_path / 'st', *single_task(ST_HRNET18), *single_task({'semseg': 1.0}, suite='another'))
    made = sweep_board([*rows, SweptRow('beta = 9', {'beta': 9}, [])], [tmp_path / 'st'])
    assert [row.method for row in made.measured] == ['ST', 'beta = 4.0', 'beta = 0.1', 'beta = 1.0']
    assert [row.n for row in made.measured] == [1, 2, 2, 2]
    assert made.measured[3].delta.mean == pytest.approx(100 * (36.7 - 36.35) / 38.02 / 4 - 1.8849, abs=1e-3)
    assert 'delta' in made.measured[0].best and made.reported == []


def test_references_may_hold_the_sweep_itself(rows, tmp_path):
    assert len(sweep_board(rows, [tmp_path]).measured) == 3


def test_the_papers_table_stands_beside(tmp_path):
    rows = [swept(tmp_path, {'beta': 1.0}, 36.0, suite='kdam_nyud', backbone='Swin-T')]
    made = sweep_board(rows, tables='Table 5')
    assert len(made.reported) == 14 and {row.table for row in made.reported} == {'Table 5a', 'Table 5b'}
    assert sweep_board(rows).reported == []


def test_swept_single_task_networks_are_no_reference(tmp_path):
    files = [item.write(tmp_path / item.method / 'results.json') for item in
             (single_task({'semseg': value}, config_sha256=str(value), method=f'ST{value}')[0] for value in (30.0, 31.0))]
    made = sweep_board([SweptRow(f'lr = {i}', {'lr': i}, [file]) for i, file in enumerate(files)])
    assert [(row.method, row.delta) for row in made.measured] == [('lr = 0', None), ('lr = 1', None)]


def test_mistakes(rows, tmp_path):
    with pytest.raises(ValueError, match='no run of the sweep has results'):
        sweep_board([SweptRow('a', {'a': 1}, [])])
    other = swept(tmp_path / 'other', {'beta': 7}, 1.0, suite='b')
    with pytest.raises(ValueError, match=r'belong to several suites \(b, toy\)'):
        sweep_board([*rows, other])
    with pytest.raises(FileNotFoundError):
        sweep_board(rows, [tmp_path / 'nowhere'])


def test_series_differ_in_one_option_alone():
    def row(**values):
        return SweptRow(str(values), values, [])

    grid = [row(beta=beta, tau=tau) for beta in (1, 2) for tau in (3, 4)]
    assert [(shared, [r.values['beta'] for r in found]) for shared, found in series_of(grid, 'beta')] == [
        ('tau = 3', [1, 2]), ('tau = 4', [1, 2])]
    table5 = [row(beta=1, tau=3), row(beta=2, tau=3), row(beta=1, tau=8)]
    assert [(shared, len(found)) for shared, found in series_of(table5, 'beta')] == [('tau = 3', 2)]
    assert [(shared, len(found)) for shared, found in series_of(table5, 'tau')] == [('beta = 1', 2)]
    assert series_of([row(beta=1), row(config='c')], 'beta') == []


def test_a_picture_per_option_and_metric(rows, tmp_path):
    write(tmp_path / 'st', *single_task(ST_HRNET18))
    made = sweep_board(rows, [tmp_path / 'st'])
    files = plots(rows, made, tmp_path / 'plots')
    assert [file.name for file in files] == ['beta_semseg_mIoU.png', 'beta_depth_rmse.png', 'beta_normals_mErr.png',
                                             'beta_edge_odsF.png', 'beta_delta_mt.png']
    picture = matplotlib.image.imread(files[0])
    assert picture.shape[:2] == (450, 630) and 0.5 < np.mean(picture[..., :3] > 0.98) < 0.99, 'neither empty nor full'
    before = files[0].read_bytes()
    plots(rows, made, tmp_path / 'plots')
    assert files[0].read_bytes() == before


def test_categories_a_baseline_and_no_delta(tmp_path):
    rows = [swept(tmp_path, {'config': 'mt'}, 35.0), swept(tmp_path, {'terms': 'inter'}, 36.0, 36.2),
            swept(tmp_path, {'terms': 'inter+intra'}, 36.5)]
    files = plots(rows, sweep_board(rows), tmp_path / 'plots')
    assert {file.name.split('_')[0] for file in files} == {'terms'} and len(files) == 4
