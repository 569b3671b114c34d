"""The table of the page matches the code."""

from pathlib import Path

import pytest

from mtkd.distill import catalogue
from mtkd.registry import DISTILL_LOSSES

PAGE = Path(__file__).parents[2] / 'docs' / 'catalogue.md'


def test_the_page_holds_the_table_of_the_code():
    text = PAGE.read_text()
    assert text == catalogue.written(text), 'run: python -m mtkd.distill.catalogue docs/catalogue.md'


def test_every_registered_loss_is_a_method():
    rows = catalogue.rows()
    DISTILL_LOSSES.import_from_location()
    assert {row.name for row in rows if row.where == 'loss'} == set(DISTILL_LOSSES.module_dict)
    assert all(row.method.fits in catalogue.FITS for row in rows)
    assert {row.where for row in rows} == {'loss', 'teacher', 'link', 'config'}


def test_recipes_are_configs_and_every_row_is_complete():
    rows, folder = {row.name: row for row in catalogue.rows()}, PAGE.parents[1] / 'configs' / 'catalogue'
    assert {'Peer', 'EMATeacher', 'ConfidentLabel', 'born_again_1', 'online_multi_task_kd'} <= set(rows)
    for name, row in rows.items():
        assert row.method.title and row.method.level in catalogue.LEVELS
        assert row.where != 'config' or (folder / f'{name}.py').is_file()
        # a method that is not a loss describes in words what it stores, trains or costs
        words = (row.method.state, row.method.parameters, row.method.cost)
        assert row.products is not None or any(words), name


def test_what_is_counted():
    rows = {row.name: row for row in catalogue.rows()}
    assert rows['CRD'].state == 2 * 50 * 128 + 2 and rows['CRD'].parameters == (64 + 1) * 128 + (128 + 1) * 128
    assert rows['FitNets'].parameters == rows['FitNets'].state == rows['FitNets'].products == 0
    # the Gram matrices of 8 samples, and the gradient of the student's
    flops = 2 * 8 * 8 * 64
    assert rows['SimilarityPreserving'].products == flops * (64 + 128) + flops * 64


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match='lacks the lines'):
        catalogue.written('# A page')
