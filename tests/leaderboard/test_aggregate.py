import pytest

from mtkd.leaderboard.aggregate import build
from mtkd.leaderboard.records import find
from mtkd.leaderboard.results import Metric

from .cases import MT_HRNET18, ST_HRNET18, result, single_task, write


def one(root, **kwargs):
    [board] = build([root], **kwargs)
    return board


def row(board, method):
    [found] = [row for row in board.measured if row.method == method]
    return found


def test_seeds_become_one_row(tmp_path):
    write(tmp_path, *[result({'semseg': value}, seed=s) for s, value in enumerate((1.0, 2.0, 3.0))])
    found = row(one(tmp_path), 'MT')
    estimate = found.metrics['semseg', 'mIoU']
    assert (estimate.mean, estimate.n, found.n, found.seeds) == (2.0, 3, 3, [0, 1, 2])
    assert estimate.half_width == pytest.approx(2.48414, abs=1e-5)
    assert len(found.commands) == 3 and len(found.configs) == 1


@pytest.mark.parametrize(
    'change',
    [{key: 'x'} for key in ('method', 'backbone', 'train_set', 'test_set', 'domain', 'config_sha256')],
)
def test_what_differs_in_more_than_the_seed_is_another_row(tmp_path, change):
    write(tmp_path, result({'semseg': 1.0}), result({'semseg': 2.0}, seed=1, **change))
    assert [found.n for found in one(tmp_path).measured] == [1, 1]


def test_protocols_are_told_and_never_mixed_in_a_row(tmp_path):
    median = {'protocol': 'median of the last 20 epochs'}
    write(tmp_path / 'a', result({'semseg': 1.0}, method='MT', **median), result({'semseg': 1.0}, seed=1, **median),
          result({'semseg': 1.0}, method='DWA'), result({'semseg': 1.0}, method='DWA', seed=1, protocol='last checkpoint'))
    board = one(tmp_path / 'a')
    assert row(board, 'MT').notes[0] == 'Numbers: median of the last 20 epochs.'
    assert not any('Numbers' in note for note in row(board, 'DWA').notes), 'an older file without a protocol means the last'
    write(tmp_path / 'b', result({'semseg': 1.0}, **median), result({'semseg': 1.0}, seed=1))
    with pytest.raises(ValueError, match='the median of the last 20 epochs and .*, of the same row, the last checkpoint'):
        one(tmp_path / 'b')


def test_folds_are_runs_of_one_row(tmp_path):
    write(tmp_path, result({'semseg': 1.0}, fold=0), result({'semseg': 3.0}, fold=1))
    assert row(one(tmp_path), 'MT').metrics['semseg', 'mIoU'].mean == 2.0


def test_a_seed_twice_is_refused_and_both_files_named(tmp_path):
    write(tmp_path, result({'semseg': 1.0}), result({'semseg': 2.0}))
    with pytest.raises(ValueError, match='are both seed 0 of MT') as error:
        one(tmp_path)
    for path in find([tmp_path]):
        assert str(path) in str(error.value)


def test_a_folder_named_twice_is_read_once(tmp_path):
    write(tmp_path, result({'semseg': 1.0}))
    [file] = find([tmp_path])
    [board] = build([tmp_path, tmp_path, file, file.parent])
    assert board.measured[0].n == 1


def test_other_file_names_count_only_when_given(tmp_path):
    file = result({'semseg': 1.0}).write(tmp_path / 'best.json')
    assert find([file]) == [file]
    with pytest.raises(ValueError, match='no results'):
        find([tmp_path])


def test_delta_against_merged_single_task_rows(tmp_path):
    write(tmp_path, *single_task(ST_HRNET18, params=4, macs=10), result(MT_HRNET18))
    board = one(tmp_path)
    reference = row(board, 'ST')
    assert {task: estimate.mean for (task, _), estimate in reference.metrics.items()} == ST_HRNET18
    assert (reference.params, reference.macs, reference.delta.mean) == (16, 40, 0)
    assert row(board, 'MT').delta.mean == pytest.approx(-1.88, abs=0.006)
    assert row(board, 'MT').notes == []


def test_distilled_single_task_networks_are_held_against_the_plain_ones(tmp_path):
    write(tmp_path, *single_task({'semseg': 40.0, 'depth': 0.5}))
    for seed, (semseg, depth) in enumerate(((42.0, 0.45), (40.0, 0.5), (44.0, None))):
        values = {'semseg': semseg} if depth is None else {'semseg': semseg, 'depth': depth}
        write(tmp_path, *single_task(values, method='Distilled', teachers=['joint'], seed=seed))
    board = one(tmp_path)
    found = row(board, 'Distilled')
    assert found.delta.mean == pytest.approx((7.5 + 0) / 2) and found.delta.n == 2, 'the seeds that both tasks have'
    assert [None if run.delta is None else round(run.delta, 6) for run in found.runs] == [7.5, 0.0, None]
    assert [entry.method for entry in board.measured] == ['ST', 'Distilled'], 'the reference comes first'


def test_single_task_seeds_may_differ_in_number(tmp_path):
    write(tmp_path, *single_task({'semseg': 1.0, 'depth': 1.0}), *single_task({'depth': 3.0}, seed=1))
    reference = row(one(tmp_path), 'ST')
    assert reference.metrics['depth', 'rmse'].mean == 2.0
    assert reference.n == 1
    assert 'Runs per task: depth 2, semseg 1.' in reference.notes


def test_no_reference_no_delta_and_the_reason(tmp_path):
    write(tmp_path, *single_task(ST_HRNET18, backbone='other'), result(MT_HRNET18))
    found = row(one(tmp_path), 'MT')
    assert found.delta is None
    assert found.notes == ['No Δ_mt: no single-task result for semseg, depth, normals, edge with backbone hrnet18.']


def test_references_of_another_suite_do_not_count(tmp_path):
    write(tmp_path, *single_task(ST_HRNET18, suite='other'), result(MT_HRNET18))
    assert row(build([tmp_path], 'toy')[0], 'MT').delta is None


def test_an_undefined_metric_is_noted_and_makes_no_delta(tmp_path):
    write(tmp_path, *single_task({'semseg': 1.0}), result({'semseg': float('nan')}, seed=7))
    found = row(one(tmp_path), 'MT')
    assert found.delta is None
    assert found.notes[0] == 'semseg mIoU is undefined in seed 7.'


def test_two_settings_of_one_single_task_network_are_two_rows(tmp_path):
    single = [*single_task({'semseg': 1.0}), *single_task({'semseg': 2.0}, config_sha256='x')]
    write(tmp_path, *single, result({'semseg': 3.0}))
    board = one(tmp_path)
    assert [found.method for found in board.measured] == ['ST', 'ST', 'MT']
    assert 'several single-task rows' in row(board, 'MT').notes[0]


def test_rows_go_by_backbone_then_single_task_then_delta(tmp_path):
    mt = [result({'semseg': v}, method=m) for m, v in (('worse', 30.0), ('best', 50.0), ('good', 45.0))]
    write(tmp_path, *mt, *single_task({'semseg': 40.0}), result({'semseg': 1.0}, method='first', backbone='a'))
    assert [found.method for found in one(tmp_path).measured] == ['first', 'ST', 'best', 'good', 'worse']


def test_best_per_task_follows_the_direction_and_stays_within_a_backbone(tmp_path):
    values = {'A': (40.0, 0.6), 'B': (41.0, 0.7)}
    write(tmp_path, *[result({'semseg': s, 'depth': d}, method=m) for m, (s, d) in values.items()],
          result({'semseg': 99.0, 'depth': 0.1}, method='C', backbone='big'))  # fmt: skip
    board = one(tmp_path)
    assert row(board, 'A').best == {('depth', 'rmse')}
    assert row(board, 'B').best == {('semseg', 'mIoU')}
    assert row(board, 'C').best == set()


def test_measured_rows_never_compete_with_reported_ones(tmp_path):
    low = {task: value * (0.5 if task in ('semseg', 'edge') else 2) for task, value in MT_HRNET18.items()}
    lower = {task: value * (0.9 if task in ('semseg', 'edge') else 1.1) for task, value in low.items()}
    kwargs = {'suite': 'kdam_nyud', 'backbone': 'HRNet18'}
    write(tmp_path, result(low, method='better', **kwargs), result(lower, method='worse', **kwargs))
    board = one(tmp_path)
    assert len(board.measured) == 2 and len(board.reported) == 60
    assert len(row(board, 'better').best) == 4
    assert row(board, 'better').delta is None  # the paper's single-task rows are not used as references


def test_the_suite_of_a_paper_defines_delta(tmp_path):
    def nyuv2(method, role, scale):
        metrics = {'mIoU': Metric(40 * scale, '%', True), 'legacy_mIoU': Metric(17 * scale, '%', True)}
        kwargs = {'suite': 'kd4mtl_nyuv2', 'method': method, 'role': role, 'primary': {'semseg': 'mIoU'}}
        return result({'semseg': 1.0}, metrics={'semseg': metrics}, **kwargs)

    metrics = nyuv2('MT', 'multi_task', 1.1)
    metrics.metrics['semseg']['mIoU'] = Metric(80.0, '%', True)
    write(tmp_path, nyuv2('ST', 'single_task', 1.0), metrics)
    board = one(tmp_path)
    assert row(board, 'MT').delta.mean == pytest.approx(10.0)
    shown = [column.name for column in board.columns if column.task == 'semseg' and column.shown]
    assert shown == ['legacy_mIoU', 'legacy_pixAcc', 'mIoU']
    assert 'semseg legacy_pixAcc' in row(board, 'MT').notes[0]


def test_a_task_without_the_suites_metrics_has_no_delta(tmp_path):
    write(tmp_path, result({'semseg': 1.0}, suite='kd4mtl_nyuv2'))
    [note] = row(one(tmp_path), 'MT').notes
    assert note == 'No Δ_mt: semseg was measured without legacy_mIoU, legacy_pixAcc, which define it.'


def test_conflicting_directions_and_units_are_refused(tmp_path):
    for folder, metric in (('unit', Metric(1.0, 'cm', False)), ('direction', Metric(1.0, 'm', True))):
        odd = result({'depth': 1.0}, method='odd', metrics={'depth': {'rmse': metric}})
        write(tmp_path / folder, result({'depth': 1.0}), odd)
        with pytest.raises(ValueError, match='depth rmse has unit') as error:
            one(tmp_path / folder)
        assert 'MT-depth' in str(error.value) and 'odd-depth' in str(error.value)


def test_runs_of_one_row_must_hold_the_same_metrics(tmp_path):
    more = {'semseg': {'mIoU': Metric(1.0, '%', True), 'pixAcc': Metric(1.0, '%', True)}}
    write(tmp_path, result({'semseg': 1.0}), result({'semseg': 1.0}, seed=1, metrics=more))
    with pytest.raises(ValueError, match='different metrics'):
        one(tmp_path)


def test_suites_are_separate_boards(tmp_path):
    write(tmp_path, result({'semseg': 1.0}, suite='b'), result({'semseg': 1.0}, suite='a'))
    assert [board.suite for board in build([tmp_path])] == ['a', 'b']
    assert [board.suite for board in build([tmp_path], 'b')] == ['b']


def test_choices_that_cannot_be_met(tmp_path):
    write(tmp_path, result({'semseg': 1.0}))
    with pytest.raises(ValueError, match="unknown suite 'nope'"):
        build([tmp_path], 'nope')
    with pytest.raises(ValueError, match="no results of suite 'kdam_nyud'"):
        build([tmp_path], 'kdam_nyud')
    with pytest.raises(ValueError, match='name at least one folder'):
        build([])
    with pytest.raises(FileNotFoundError, match='no such folder'):
        build([tmp_path / 'nowhere'])


def test_published_rows_alone_and_left_out(tmp_path):
    [board] = build([], 'kdam_pascal')
    assert board.measured == [] and len(board.reported) == 13
    write(tmp_path, result({'semseg': 1.0}, suite='kdam_nyud'))
    board = one(tmp_path, with_published=False)
    assert board.reported == [] and board.notes == [] and board.paper == ''


def test_another_suites_published_rows_can_stand_beside_ours(tmp_path):
    write(tmp_path, *single_task(ST_HRNET18), result(MT_HRNET18))
    (own,) = build([tmp_path], 'toy')
    (beside,) = build([tmp_path], 'toy', beside='kdam_nyud')
    assert not own.reported and beside.reported
    assert beside.suite == beside.title == 'toy' and len(beside.measured) == len(own.measured)
    with pytest.raises(ValueError, match="no published rows of 'kdam'; there are: .*kdam_nyud"):
        build([tmp_path], 'toy', beside='kdam')
