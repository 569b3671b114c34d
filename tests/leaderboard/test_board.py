import math
import statistics

import pytest

from mtkd.leaderboard.board import Estimate, Row, deviation, estimate, t_quantile


def test_mean_and_interval_by_hand():
    # 1, 2, 3: mean 2, s = 1, t(0.975, 2) = 4.302653, half width 4.302653 / sqrt(3)
    found = estimate([1.0, 2.0, 3.0])
    assert found.mean == 2 and found.n == 3
    assert found.half_width == pytest.approx(4.302653 / math.sqrt(3), abs=1e-6)


def test_two_runs_have_a_wide_interval():
    # s = |a - b| / sqrt(2), so half width = t(0.975, 1) |a - b| / 2 with t = 12.7062
    assert estimate([10.0, 10.4]).half_width == pytest.approx(12.7062 * 0.2, abs=1e-4)


def test_one_run_has_no_interval():
    assert estimate([5.0]) == Estimate(5.0, None, 1)


def test_an_undefined_run_makes_the_mean_undefined():
    found = estimate([1.0, math.nan])
    assert math.isnan(found.mean) and found.half_width is None and found.n == 2


def test_quantile_tends_to_the_normal_one():
    assert t_quantile(1e9) == pytest.approx(1.959964, abs=1e-5)


def test_rows_count_their_runs():
    row = Row('MT', 'net', 'multi_task', {('a', 'x'): Estimate(1, None, 3), ('b', 'y'): Estimate(1, None, 2)})
    assert row.n == 2
    assert Row('MT', 'net', 'multi_task', {}).n == 0


def test_deviation_is_that_of_statistics_and_exactly_zero_of_equal_values():
    values = [0.1 + number / 7 for number in range(9)]
    assert deviation(values, statistics.fmean(values)) == pytest.approx(statistics.stdev(values), rel=1e-14)
    assert deviation([0.1] * 3, statistics.fmean([0.1] * 3)) == 0.0
