import numpy as np
import pytest

from mtkd.datasets.class_table import ClassTable
from mtkd.structures import KINDS


def test_ids_of_maps_and_of_whole_pictures_are_translated():
    table = ClassTable({0: 4, 1: None, 2: 0}, own=3, wanted=5, where='the map')
    assert table.translate(np.array([[0, 1], [2, 255]], np.uint8), KINDS['class_map']).tolist() == [[4, 255], [0, 255]]
    assert [table.translate(label, KINDS['class_label']) for label in (0, 1, 2, -1)] == [4, None, 0, None]
    assert table.translate_all(np.array([2, -1, 1, 0])).tolist() == [0, -1, -1, 4]


def test_a_list_is_a_dictionary_by_place():
    assert ClassTable([1, None, 0], 3, 2, 'the map').translate_all(np.array([0, 1, 2])).tolist() == [1, -1, 0]


def test_a_map_of_256_classes_leaves_the_marker_alone():
    table = ClassTable(list(range(256)), None, None, 'the map')
    assert table.translate(np.array([[254, 255]], np.uint8), KINDS['class_map']).tolist() == [[254, 255]]


@pytest.mark.parametrize('rule, own, wanted, words', [
    ({0: 0, 2: 1}, 3, 2, 'says nothing of class 1'), ({0: 0, 1: 1, 2: 1}, 2, 2, 'names class 2'),
    ({0: 0, 1: 2}, 2, 2, 'leads to class 2, the task has 2 classes (0 to 1)'), ({0: 'sky'}, 1, 2, "sends 0 to 'sky'"),
    ({-1: 0}, None, 2, 'sends -1 to 0'), ('identity', 2, 2, 'give a dictionary or a list'), ({}, 2, 2, 'give a dictionary')])
def test_incomplete_maps_are_refused(rule, own, wanted, words):
    with pytest.raises(ValueError, match='the map') as refused:
        ClassTable(rule, own, wanted, 'the map')
    assert words in str(refused.value)
