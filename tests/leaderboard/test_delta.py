import math

import pytest
from scipy import stats

from mtkd.leaderboard.board import Run
from mtkd.leaderboard.delta import choose_reference, delta_estimate, over_tasks
from mtkd.leaderboard.results import Metric

from .cases import MT_HRNET18, NYUD, ST_HRNET18, result, single_task

HIGHER = {('semseg', 'mIoU'): True, ('depth', 'rmse'): False, ('normals', 'mErr'): False, ('edge', 'odsF'): True}


def runs(*results):
    return [Run(f'{r.method}/{r.tasks[0]}/{r.seed}', r) for r in results]


def reference(values=ST_HRNET18, **changes):
    return [runs(r) for r in single_task(values, **changes)]


def test_delta_of_the_hrnet18_baseline():
    found, [own] = delta_estimate(runs(result(MT_HRNET18)), reference(), HIGHER)
    assert own == found.mean
    assert found.mean == pytest.approx(-1.88, abs=0.006)
    assert found.half_width is None


def test_interval_over_seeds_by_hand():
    # references 40 and 0.5; gains of the two runs: (0 + 0) / 2 and (5 % + 10 %) / 2 -> 0 and 7.5
    found, own = delta_estimate(
        runs(result({'semseg': 40.0, 'depth': 0.5}), result({'semseg': 42.0, 'depth': 0.45}, seed=1)),
        reference({'semseg': 40.0, 'depth': 0.5}),
        {('semseg', 'mIoU'): True, ('depth', 'rmse'): False},
    )
    assert found.mean == pytest.approx(3.75) and own == pytest.approx([0, 7.5])
    assert found.half_width == pytest.approx(12.7062 * 3.75, abs=1e-3)
    assert found.n == 2


def test_spread_of_the_references_widens_the_interval():
    group = runs(*[result({'semseg': value}, seed=s) for s, value in enumerate((40.0, 41.0, 42.0))])
    one = [runs(*single_task({'semseg': 40.0}))]
    three = [runs(*[single_task({'semseg': v}, seed=s)[0] for s, v in enumerate((39.0, 40.0, 41.0))])]
    higher = {('semseg', 'mIoU'): True}
    narrow, wide = delta_estimate(group, one, higher)[0], delta_estimate(group, three, higher)[0]
    assert narrow.mean == pytest.approx(2.5) and wide.mean == pytest.approx(2.5)
    assert narrow.half_width == pytest.approx(stats.t.ppf(0.975, 2) * 2.5 / math.sqrt(3))
    spread = [100 * (41 - s) / s for s in (39, 40, 41)]
    mean = sum(spread) / 3
    variances = [2.5**2 / 3, sum((x - mean) ** 2 for x in spread) / 2 / 3]
    freedom = sum(variances) ** 2 / sum(v**2 / 2 for v in variances)
    assert wide.half_width == pytest.approx(stats.t.ppf(0.975, freedom) * math.sqrt(sum(variances)))


def test_equal_runs_have_an_interval_of_zero():
    group = runs(result({'semseg': 40.0}), result({'semseg': 40.0}, seed=1))
    assert delta_estimate(group, reference({'semseg': 40.0}), {('semseg', 'mIoU'): True})[0].half_width == 0


@pytest.mark.parametrize(
    ('single', 'multi', 'reason'),
    [(0.0, 1.0, 'is 0'), (math.nan, 1.0, 'undefined'), (1.0, math.nan, 'undefined')],
)
def test_no_delta_from_zero_or_undefined(single, multi, reason):
    with pytest.raises(ValueError, match=reason) as error:
        delta_estimate(runs(result({'semseg': multi})), reference({'semseg': single}), {('semseg', 'mIoU'): True})
    assert not str(error.value).endswith('.')


def test_a_reference_without_the_metric_is_named():
    bare = single_task({'semseg': 1.0}, metrics={'semseg': {'x': Metric(1.0, '', True)}}, primary={'semseg': 'x'})
    with pytest.raises(ValueError, match='semseg has no mIoU'):
        delta_estimate(runs(result({'semseg': 1.0})), [runs(*bare)], {('semseg', 'mIoU'): True})


def test_the_reference_holds_only_the_tasks_of_the_row():
    chosen = choose_reference([reference()], result({'semseg': 1.0, 'edge': 1.0}))
    assert sorted(group[0].result.tasks[0] for group in chosen) == ['edge', 'semseg']


def test_missing_tasks_are_named():
    with pytest.raises(ValueError, match='no single-task result for depth, edge with backbone hrnet18'):
        choose_reference([reference({'semseg': 1.0})], result({task: 1.0 for task in NYUD if task != 'normals'}))


def test_references_that_are_not_one_set():
    halves = [reference({'semseg': 1.0}), reference({'depth': 1.0}, method='STL')]
    with pytest.raises(ValueError, match='differ in method'):
        choose_reference(halves, result({'semseg': 1.0, 'depth': 1.0}))


def test_several_sets_are_told_apart():
    here, there = (reference({'semseg': 1.0}, domain=domain) for domain in ('here', 'there'))
    assert choose_reference([here, there], result({'semseg': 1.0}, domain='there')) == there
    half, whole = (reference({'semseg': 1.0}, train_set=train) for train in ('half', 'whole'))
    assert choose_reference([half, whole], result({'semseg': 1.0}, train_set='half')) == half
    plain, distilled = reference({'semseg': 1.0}), reference({'semseg': 1.0}, teachers=['big'])
    assert choose_reference([distilled, plain], result({'semseg': 1.0})) == plain
    with pytest.raises(ValueError, match='several single-task rows'):
        choose_reference([plain, reference({'semseg': 1.0}, method='STL')], result({'semseg': 1.0}))


def test_only_the_rows_tasks_of_a_set_have_to_fit():
    """A set with a network for another task, trained on another set, is still the plain one."""
    plain = [*reference({'semseg': 1.0}, train_set='half'), *reference({'edge': 1.0}, train_set='whole')]
    distilled = reference({'semseg': 1.0}, train_set='half', teachers=['big'])
    assert choose_reference([distilled, plain], result({'semseg': 1.0}, train_set='half')) == plain[:1]


def test_single_task_runs_are_joined_over_their_tasks():
    groups = [runs(*[single_task({task: 10.0 * number + seed}, seed=seed)[0] for seed in seeds])
              for number, (task, seeds) in enumerate((('semseg', (0, 1, 2)), ('edge', (2, 0))))]
    joined = over_tasks(groups)
    assert [run.result.seed for run in joined] == [0, 2], 'seed 1 has no edge'
    assert [(run.result.metrics['semseg']['mIoU'].value, run.result.metrics['edge']['odsF'].value) for run in joined] == [
        (0.0, 10.0), (2.0, 12.0)]
    assert joined[0].result.role == 'multi_task' and joined[0].result.tasks == ['semseg', 'edge']
