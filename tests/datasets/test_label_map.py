import math

import numpy as np
import pytest

from mtkd.datasets.label_map import LabelMap, as_key, as_range, told


def test_values_are_compared_as_text_and_numbers_by_value():
    assert [as_key(v) for v in (3, '3', 3.0, ' 3.0 ', np.float64(3), 2.5, None, ' White ', '0-2')] == [
        '3', '3', '3', '3', '3', '2.5', '', 'White', '0-2']
    labels, unknown = LabelMap('class_label', {1: 0, '2': 1, 'x': 2, 'u': None}).translate(['1', 2.0, ' x', 'u', '1.0'])
    assert labels == [0, 1, 2, None, 0] and not unknown


def test_unknown_is_missing_and_counted_and_nothing_is_missing_only():
    raws = ['a', 'b', '', 'None', 'nan', float('nan'), None, 'b', 'c']
    labels, unknown = LabelMap('class_label', {'a': 0}).translate(raws)
    assert labels == [0] + [None] * 8
    assert unknown == {'b': 2, 'c': 1} and told(unknown) == "'b' 2x, 'c' 1x"
    assert told(unknown, shown=1) == "'b' 2x and 1 other values"


def test_a_map_may_name_what_is_otherwise_nothing():
    assert LabelMap('class_label', {'None': 3}).translate(['None'])[0] == [3]


def test_without_a_map_the_value_is_the_class():
    labels, unknown = LabelMap('class_label').translate(['0', 7, '-1', '', '1.5', 'x', 'inf'])
    assert labels == [0, 7, None, None, None, None, None] and set(unknown) == {'1.5', 'x', 'inf'}


def test_numbers_and_their_limits():
    labels, unknown = LabelMap('scalar', limits=(0, 100)).translate(['116', '-2', '3.5', 'x', ''])
    assert labels == [100, 0, 3.5, None, None] and unknown == {'x': 1}
    assert LabelMap('scalar', {'0-2': 1, '3-9': 6.5}).translate(['0-2', '3-9'])[0] == [1, 6.5]


def test_groups_hold_numbers_and_ranges():
    groups = LabelMap('class_label', [(0, 2), (4, 6), (25, 32), (38, 43)])
    labels, unknown = groups.translate(['(0, 2)', '1', 26, '(27, 32)', '38-42', '35', '(4, 32)', 'None', 'old', '-3'])
    assert labels == [0, 0, 2, 2, 3, None, None, None, None, None]
    assert set(unknown) == {'35', '(4, 32)', 'old', '-3'}
    assert groups.num_classes == 4


def test_number_of_classes():
    assert LabelMap('class_label', {'a': 0, 'b': 4, 'c': None}).num_classes == 5
    assert LabelMap('class_label').num_classes is None and LabelMap('scalar', {'a': 7}).num_classes is None


def test_ranges():
    assert as_range('(25, 32)') == as_range('25-32') == as_range('[25,32]') == (25, 32) and as_range('9') == (9, 9)
    for wrong in ('', 'a', '1-2-3', 'nan'):
        with pytest.raises(ValueError):
            as_range(wrong)


@pytest.mark.parametrize(('kind', 'rule', 'text'), [
    ('class_label', {'a': 0.5}, "'a' to 0.5: a class is a whole number"), ('class_label', {'a': -1}, 'None means missing'),
    ('class_label', {'a': 'b'}, 'whole number'), ('scalar', {'a': 'b'}, 'wants a number'),
    ('scalar', {'a': math.nan}, 'wants a number'), ('scalar', [(0, 2)], 'makes groups'),
    ('class_label', [(2, 0)], r'group \(2, 0\)'), ('class_label', 5, 'give a dictionary'),
    ('class_label', 'x', 'give a dictionary')])
def test_a_wrong_map_is_refused(kind, rule, text):
    with pytest.raises(ValueError, match=text):
        LabelMap(kind, rule, where='the map')
