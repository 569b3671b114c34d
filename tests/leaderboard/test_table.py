import math

import pytest

from mtkd.leaderboard.board import Column, Estimate, Row, SuiteBoard
from mtkd.leaderboard.table import delta_note, format_estimate, metric_label, other_metrics, table

MIOU = Column('semseg', 'mIoU', '%', True)
PIXACC = Column('semseg', 'pixAcc', '%', True, in_delta=False, shown=False)


def board(*rows, columns=(MIOU, PIXACC)):
    return SuiteBoard('toy', 'Toy', '', list(columns), list(rows), [], [])


def row(**kwargs):
    metrics = {('semseg', 'mIoU'): Estimate(40.0), ('semseg', 'pixAcc'): Estimate(70.0)}
    return Row('MT', 'net', 'multi_task', metrics, **kwargs)


@pytest.mark.parametrize(
    ('estimate', 'unit', 'signed', 'text'),
    [
        (Estimate(36.349, 0.206, 3), '%', False, '36.35 ± 0.21'),
        (Estimate(0.62844), 'm', False, '0.6284'),
        (Estimate(1.5), '%', True, '+1.50'),
        (Estimate(-1.5), '%', True, '-1.50'),
        (Estimate(-0.001), '%', True, '0.00'),
        (Estimate(0.001), '%', True, '0.00'),
        (Estimate(math.nan, None, 2), '%', False, 'undefined'),
        (Estimate(0.601, text='.601'), 'm', True, '.601'),
    ],
)
def test_format(estimate, unit, signed, text):
    assert format_estimate(estimate, unit, signed) == text


def test_labels_carry_unit_and_arrow():
    assert metric_label(MIOU) == 'mIoU (%) ↑'
    assert metric_label(Column('depth', 'relErr', '', False)) == 'relErr ↓'


def test_empty_columns_are_left_out_and_hidden_metrics_kept_for_details():
    laid = table(board(row()), 'measured')
    assert [head.text for head in laid.heads] == ['Method', 'Backbone', 'n', 'semseg mIoU (%) ↑']
    assert other_metrics(row(), [MIOU, PIXACC]) == [('semseg pixAcc (%) ↑', '70.00')]


def test_costs_in_their_units():
    laid = table(board(row(params=4.516e6, macs=17.48e9, input_size=(425, 560), peak_memory_bytes=2.5e9)), 'measured')
    cells = {head.text: cell.text for head, cell in zip(laid.heads, laid.cells[0], strict=True)}
    assert cells['Params (M) ↓'] == '4.52'
    assert cells['MACs (G, 425×560) ↓'] == '17.48'
    assert cells['Memory (GB) ↓'] == '2.50'


def test_sets_are_shown_where_they_differ():
    same = table(board(row(test_set='a'), row(test_set='a')), 'measured')
    differ = table(board(row(test_set='a'), row(test_set='b')), 'measured')
    assert 'Tested on' not in [head.text for head in same.heads]
    assert 'Tested on' in [head.text for head in differ.heads]


def test_equal_notes_share_a_number():
    laid = table(board(row(notes=['one']), row(notes=['two', 'one']), row()), 'measured')
    assert laid.notes == ['one', 'two']
    assert laid.marks == [[1], [1, 2], []]


def test_delta_note_only_where_other_metrics_are_shown():
    assert delta_note(board(row())) == []
    columns = (MIOU, Column('semseg', 'legacy_mIoU', '%', True, in_delta=False))
    assert delta_note(board(row(), columns=columns)) == ['Δ_mt is formed over semseg mIoU.']
