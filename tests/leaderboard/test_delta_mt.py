import math

import pytest

from mtkd.leaderboard.delta_mt import delta_mt

UP = {'semseg': {'mIoU': True}, 'depth': {'rmse': False}, 'normals': {'mErr': False}, 'edge': {'odsF': True},
      'human_parts': {'mIoU': True}, 'sal': {'maxF': True}}


def nyud(miou, rmse, merr, odsf):
    return {'semseg': {'mIoU': miou}, 'depth': {'rmse': rmse}, 'normals': {'mErr': merr}, 'edge': {'odsF': odsf}}


ST = nyud(38.02, 0.6104, 20.94, 76.22)


@pytest.mark.parametrize('row, delta', [
    ((36.35, 0.6284, 21.02, 76.36), -1.88),  # multi-task HRNet18
    ((36.85, 0.6250, 21.04, 76.10), -1.53),  # + KDAM, printed as -0.73
    ((38.90, 0.6010, 20.48, 76.34), 1.55),  # ATRC
    ((39.30, 0.5919, 20.72, 76.91), 2.09),  # ATRC + KDAM
])
def test_nyud_rows_of_kdam_table_1(row, delta):
    assert round(delta_mt(nyud(*row), ST, UP), 2) == delta


def test_no_change_is_zero_and_improvement_is_positive_either_way():
    assert delta_mt(ST, ST, UP) == 0
    assert delta_mt({'depth': {'rmse': 0.5}}, {'depth': {'rmse': 1.0}}, UP) == pytest.approx(50)
    assert delta_mt({'semseg': {'mIoU': 60}}, {'semseg': {'mIoU': 40}}, UP) == pytest.approx(50)


def test_metrics_within_a_task_first():
    values = {'semseg': {'mIoU': 11, 'pixAcc': 12}, 'depth': {'rmse': 1}}
    reference = {'semseg': {'mIoU': 10, 'pixAcc': 10}, 'depth': {'rmse': 2}}
    up = {'semseg': {'mIoU': True, 'pixAcc': True}, 'depth': {'rmse': False}}
    assert delta_mt(values, reference, up) == pytest.approx(((10 + 20) / 2 + 50) / 2)


def test_reference_may_hold_more():
    assert delta_mt({'depth': {'rmse': 0.6104}}, ST, UP) == 0


def test_nan_stays():
    assert math.isnan(delta_mt({'depth': {'rmse': float('nan')}}, ST, UP))


@pytest.mark.parametrize('values, reference, up, message', [
    ({'age': {'MAE': 3}}, ST, UP, "task 'age' has no reference; known tasks: semseg"),
    ({'depth': {'relErr': 3}}, ST, UP, "metric 'relErr' of task 'depth' has no reference; known metrics: rmse"),
    ({'depth': {'relErr': 3}}, {'depth': {'relErr': 3}}, UP, "metric 'relErr' of task 'depth' has no direction"),
    ({'depth': {'rmse': 3}}, {'depth': {'rmse': 0}}, UP, 'reference of depth/rmse is 0'),
    ({'depth': {}}, ST, UP, "task 'depth' has no metric"),
    ({}, ST, UP, 'at least one task'),
])
def test_what_is_missing_is_named(values, reference, up, message):
    with pytest.raises(ValueError, match=message):
        delta_mt(values, reference, up)
