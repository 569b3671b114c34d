import math
from itertools import product
from statistics import fmean

import pytest
from scipy import stats

from mtkd.leaderboard.aggregate import build
from mtkd.leaderboard.significance import caveat, paired_test, sign_flip

from .cases import MT_HRNET18, ST_HRNET18, result, single_task, write

A, B = (36.1, 36.5, 36.3, 36.9), (36.6, 36.8, 36.4, 37.7)


def boards(root, **kwargs):
    [board] = build([root], **kwargs)
    return board


@pytest.fixture
def runs(tmp_path):
    def row(method, values, seeds):
        numbers = zip(seeds, values, strict=True)
        return [result({**MT_HRNET18, 'semseg': value}, seed, method=method) for seed, value in numbers]

    return write(tmp_path, *single_task(ST_HRNET18), *row('MT', A, range(4)), *row('KD', B, (0, 1, 2, 3)),
                 *row('late', B, (2, 3, 4, 5)))


def test_a_metric_over_common_seeds(runs):
    [comparison] = boards(runs, pairs=[('MT', 'KD')]).comparisons
    test = comparison.tests[0]
    differences = [b - a for a, b in zip(A, B, strict=True)]
    assert (comparison.seeds, comparison.left_out, test.task, test.name, test.n) == ([0, 1, 2, 3], [], 'semseg', 'mIoU', 4)
    assert test.differences == pytest.approx(differences) and test.mean == pytest.approx(0.425) and test.better
    paired = stats.ttest_rel(B, A)
    low, high = paired.confidence_interval(0.95)
    assert test.p_t == pytest.approx(paired.pvalue)
    assert test.half_width == pytest.approx((high - low) / 2)
    assert test.p_flip == 2 / 2**4, 'all four differences are positive'


def test_delta_is_compared_against_the_same_reference(runs):
    [comparison] = boards(runs, pairs=[('MT', 'KD')]).comparisons
    delta = comparison.tests[-1]
    assert (delta.task, delta.unit, delta.n) == ('Δ_mt', '%', 4)
    assert delta.mean == pytest.approx(100 * 0.425 / ST_HRNET18['semseg'] / 4), 'one of four tasks moved'


def test_only_common_seeds_count(runs):
    [comparison] = boards(runs, pairs=[('MT', 'late')]).comparisons
    assert (comparison.seeds, comparison.left_out) == ([2, 3], [0, 1, 4, 5])
    assert comparison.tests[0].differences == pytest.approx((B[0] - A[2], B[1] - A[3]))
    said = caveat(comparison)
    assert 'cannot give p below 0.5, so nothing here can be significant by it at 0.05 (that takes 6 seeds)' in said
    assert '1 degree of freedom' in said


def test_the_second_is_better_where_lower_is(tmp_path):
    write(tmp_path, *[result({'depth': value}, seed, method=method) for method, values in
                      {'MT': (0.7, 0.8), 'KD': (0.5, 0.7)}.items() for seed, value in enumerate(values)])
    [comparison] = boards(tmp_path, pairs=[('MT', 'KD')]).comparisons
    assert comparison.tests[0].mean == pytest.approx(-0.15) and comparison.tests[0].better


def test_a_baseline_meets_every_other_method(runs):
    comparisons = boards(runs, baseline='MT').comparisons
    assert [(c.first, c.second) for c in comparisons] == [('MT', 'KD'), ('MT', 'late')]


def test_a_single_task_baseline_meets_the_distilled_networks(tmp_path):
    for seed, (plain, taught) in enumerate(((40.0, 41.0), (42.0, 44.0))):
        write(tmp_path, *single_task({'semseg': plain}, seed=seed),
              *single_task({'semseg': taught}, seed=seed, method='Distilled', teachers=['joint']))
    [comparison] = boards(tmp_path, baseline='ST').comparisons
    assert (comparison.first, comparison.second) == ('ST', 'Distilled')
    assert [(test.task, test.mean) for test in comparison.tests] == [('semseg', 1.5)]


@pytest.mark.parametrize('n', [2, 3, 6])
def test_sign_flips_are_all_counted(n):
    values = [0.3, -0.1, 0.7, 0.2, -0.4, 0.9][:n]
    extreme = [abs(fmean([s * v for s, v in zip(signs, values, strict=True)])) >= abs(fmean(values)) - 1e-12
               for signs in product((1, -1), repeat=n)]
    assert sign_flip(values) == pytest.approx(fmean(extreme))


def test_sign_flips_of_many_pairs_are_drawn_and_close_to_exact():
    values = [(-1) ** i * 0.1 + 0.05 * i / 17 for i in range(17)]
    assert sign_flip(values) == sign_flip(values), 'seeded'
    assert sign_flip([1.0] * 17) == pytest.approx(2 / 2**17, abs=1e-4)
    assert sign_flip([(-1.0) ** i for i in range(20)]) == 1.0


def test_one_pair_none_and_undefined_values():
    one = paired_test([1.0], [2.0], 'semseg', 'mIoU', '%', True)
    assert (one.n, one.mean, one.half_width, one.p_t, one.p_flip, one.better) == (1, 1.0, None, None, None, True)
    none = paired_test([math.nan], [2.0], 'semseg', 'mIoU', '%', True)
    assert none.n == 0 and math.isnan(none.mean) and none.better is None
    same = paired_test([1.0, 2.0], [1.0, 2.0], 'semseg', 'mIoU', '%', True)
    assert (same.p_t, same.p_flip, same.half_width, same.better) == (None, 1.0, 0.0, None)
    shifted = paired_test([1.0, 2.0], [2.0, 3.0], 'semseg', 'mIoU', '%', True)
    assert shifted.p_t is None and shifted.p_flip == 0.5


@pytest.mark.parametrize(('pair', 'sentence'), [
    (('MT', 'nope'), "'nope' has no measured row in suite toy; measured methods: ST, "),
    (('MT', 'MT'), 'cannot be compared'),
    (('MT', 'far'), 'they have no measured rows of the same backbone'),
])
def test_comparisons_that_cannot_be_made(runs, pair, sentence):
    write(runs / 'more', result(MT_HRNET18, method='far', backbone='other'))
    with pytest.raises(ValueError, match=sentence):
        boards(runs, pairs=[pair])


def test_reported_rows_are_never_tested(tmp_path):
    write(tmp_path, result(MT_HRNET18, suite='kdam_nyud', backbone='HRNet18'))
    with pytest.raises(ValueError, match="'MT\\+KDAM' is only reported by the paper, one number without seeds"):
        boards(tmp_path, pairs=[('MT', 'MT+KDAM')])


def test_two_rows_of_one_name_are_refused(tmp_path):
    one = {'semseg': 1.0}
    write(tmp_path, result(one), result(one, config_sha256='x'), result(one, method='KD'))
    with pytest.raises(ValueError, match="two rows called 'MT' with backbone hrnet18"):
        boards(tmp_path, pairs=[('MT', 'KD')])


def test_a_single_run_says_that_no_test_is_possible(tmp_path):
    write(tmp_path, result({'semseg': 1.0}), result({'semseg': 2.0}, method='KD'))
    [comparison] = boards(tmp_path, pairs=[('MT', 'KD')]).comparisons
    assert caveat(comparison) == '1 pair of runs: no test is possible; the difference may be all noise.'
