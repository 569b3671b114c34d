import json
import math

import pytest

from mtkd.leaderboard.curves import choose, draw, names_of, read_log, smoothed, write

TERMS = {'semseg/ce': 2.0, 'depth/l1': 1.0, 'semseg/mid_l2': 0.5, 'depth/mid_l2': 0.25, 'shared/cs': 0.1}


def line(step, **changes):
    """A line of the log of a training."""
    return {'lr': 0.1, 'data_time': 0.0, 'time': 0.1, 'loss': 3.0, **{k: v / step for k, v in TERMS.items()}, 'iter': step,
            'step': step, **changes}


def run(folder, lines, log='vis_data/scalars.json', end=''):
    path = folder / log
    path.parent.mkdir(parents=True)
    path.write_text('\n'.join(json.dumps(item) for item in lines) + '\n' + end)
    return folder


@pytest.fixture
def work(tmp_path):
    return run(tmp_path / 'kd' / 'seed0', [line(step) for step in range(10, 101, 10)])


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.axison and axes.get_title()]


def curves(figure):
    """Title and y label of each panel -> the number of its curves."""
    return [len(axes.lines) for axes in figure.axes if axes.axison]


def test_terms_keep_their_order_and_steps(work):
    log = read_log(work)
    assert [term for term in log.terms if '/' in term] == list(TERMS)
    steps, values = log.series('depth/l1')
    assert steps == list(range(10, 101, 10)) and values[0] == 0.1


def test_validations_do_not_count(work):
    with (work / 'vis_data/scalars.json').open('a') as file:
        file.write(json.dumps({'semseg/mIoU': 30.0, 'data_time': 0.1, 'time': 0.1, 'step': 100}) + '\n')
    assert 'semseg/mIoU' not in read_log(work).terms and read_log(work).series('loss')[0][-1] == 100


def test_a_resumed_run_goes_on_where_it_was_resumed(tmp_path):
    """40 steps, then again from 20 to 30 with other values."""
    folder = run(tmp_path / 'run', [*(line(step) for step in (10, 20, 30, 40)), {'step': 20, 'semseg/mIoU': 1.0},
                                    line(30, loss=7.0)])
    assert read_log(folder).series('loss') == ([10, 20, 30], [3.0, 3.0, 7.0])


def test_several_starts_in_folders_of_their_own(tmp_path):
    folder = run(tmp_path / 'run', [line(10), line(20)], '20250101_100000/vis_data/scalars.json')
    run(folder, [line(20, loss=5.0), line(30)], '20250102_090000/vis_data/scalars.json')
    run(folder, [line(99)], 'test/vis_data/scalars.json')
    assert read_log(folder).series('loss') == ([10, 20, 30], [3.0, 5.0, 3.0])


def test_a_line_that_is_still_being_written(tmp_path):
    assert len(read_log(run(tmp_path / 'run', [line(10), line(20)], end='{"lr": 0.1, "lo')).values) == 2
    broken = run(tmp_path / 'broken', [line(10)])
    path = broken / 'vis_data/scalars.json'
    path.write_text('{"lr"\n' + path.read_text())
    with pytest.raises(ValueError, match=r'scalars\.json, line 1 is not valid JSON'):
        read_log(broken)


def test_no_log(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'contains no vis_data/scalars\.json: give a work dir'):
        read_log(tmp_path)
    with pytest.raises(ValueError, match='contains no training step yet'):
        read_log(run(tmp_path / 'run', [{'step': 5, 'semseg/mIoU': 3.0}]))


def test_names(tmp_path):
    assert names_of([tmp_path / 'a/seed0', tmp_path / 'b/seed1']) == ['a', 'b']
    assert names_of([tmp_path / 'a/seed0', tmp_path / 'a/seed1']) == ['a/seed0', 'a/seed1']
    assert names_of([tmp_path / 'mine', tmp_path / 'yours']) == ['mine', 'yours']
    assert len(set(names_of([tmp_path / 'x/a/seed0', tmp_path / 'y/a/seed0']))) == 2
    with pytest.raises(ValueError, match='given twice'):
        names_of([tmp_path, tmp_path])


def test_globs(work):
    logs = [read_log(work)]
    assert choose(logs) == list(TERMS)
    assert choose(logs, ['*/mid_*', 'loss']) == ['loss', 'semseg/mid_l2', 'depth/mid_l2']
    with pytest.raises(ValueError, match="no term matches 'semsegg/ce': the logs contain .*semseg/ce"):
        choose(logs, ['semseg/*', 'semsegg/ce'])


def test_smoothing():
    values = [0.0, 3.0, 6.0, 0.0, 3.0]
    assert smoothed(values, 1) == values
    assert smoothed(values, 3) == [0, 3, 3, 3, 3], 'the ends are unchanged'
    assert smoothed([1.0] * 7, 5) == [1.0] * 7
    assert math.isnan(smoothed([1.0, math.nan, 1.0], 3)[1])


def test_one_panel_a_task(work):
    figure = draw([read_log(work)])
    assert titles(figure) == ['semseg', 'depth', 'shared']
    assert curves(figure) == [1, 1, 1, 1, 1], 'two losses above, three distillation panels below'
    assert [axes.get_ylabel() for axes in figure.axes if axes.axison and axes.get_ylabel()] == ['task loss', 'distillation']
    assert not figure.legends


def test_several_runs_share_panels(work, tmp_path):
    other = run(tmp_path / 'uniform', [line(step, **{'semseg/mid_l2': 1.0}) for step in (10, 50)])
    figure = draw([read_log(work, 'kd'), read_log(other, 'uniform')], smooth=3, rate=True)
    assert 'learning rate' in titles(figure)
    assert curves(figure)[0] == 4, 'two runs, each as logged and smoothed'
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['kd', 'uniform']
    top = next(axes for axes in figure.axes if axes.get_title() == 'semseg')
    assert len({curve.get_color() for curve in top.lines}) == 2


def test_a_log_without_distillation_has_one_row(tmp_path):
    plain = run(tmp_path / 'run', [{k: v for k, v in line(s).items() if k in ('loss', 'step', 'semseg/ce', 'lr')}
                                   for s in (1, 2)])
    figure = draw([read_log(plain)], log_scale=True)
    assert curves(figure) == [1] and figure.axes[0].get_yscale() == 'log'


def test_impossible_figures(work, tmp_path):
    with pytest.raises(ValueError, match='smooth is 0'):
        draw([read_log(work)], smooth=0)
    bare = run(tmp_path / 'bare', [{'loss': 1.0, 'step': 1}])
    with pytest.raises(ValueError, match='no terms of tasks'):
        draw([read_log(bare)])
    with pytest.raises(ValueError, match=r'must end in \.png'):
        write(draw([read_log(work)]), tmp_path / 'curves.jpeg')


def test_counts_and_angles_are_no_losses(tmp_path):
    more = {'labelled/age': 300.0, 'conflict/semseg~depth': -0.1}
    log = read_log(run(tmp_path / 'counted', [line(step, **more) for step in (10, 20)]))
    assert [term for term in log.terms if '/' in term] == list(TERMS)
