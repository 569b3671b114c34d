import numpy as np
import pyarrow as pa
import pytest

from mtkd.datasets.label_map import LabelMap
from mtkd.datasets.own.label_columns import translated

TEXT = ['3', ' 3.0 ', '', None, 'nan', '-1', '7', 'N/A', '3', '+4', '1e2', 'red', 'inf', '2.5', '-3']


def by_value(column, rule):
    labels, unknown = rule.translate(column.to_pylist())
    missing, dtype = (-1, np.int64) if rule.kind == 'class_label' else (np.nan, np.float64)
    return np.array([missing if label is None else label for label in labels], dtype), unknown


@pytest.mark.parametrize('rule', [
    LabelMap('class_label'), LabelMap('scalar'), LabelMap('scalar', None, (0, 5)),
    LabelMap('class_label', {'3': 0, 'red': 1, '': 2}),
    LabelMap('class_label', [(0, 4), (5, 9)]), LabelMap('scalar', {'red': 1.5, 7: None})])
@pytest.mark.parametrize('values', [
    TEXT, TEXT[:10], TEXT[:4], [1, 2, None, -1, 3], [1.0, float('nan'), 2.0], [1.5, None], [True, None, False], [],
    [None, '']])
def test_a_column_is_translated_as_its_values_are(values, rule):
    half = len(values) // 2
    kind = pa.array(values).type if values else pa.string()
    column = pa.chunked_array([pa.array(values[:half], kind), pa.array(values[half:], kind)])
    for stored in (column, column.dictionary_encode()):
        labels, unknown = translated(stored, rule)
        expected, expected_unknown = by_value(column, rule)
        np.testing.assert_array_equal(labels, expected)
        assert labels.dtype == expected.dtype and +unknown == +expected_unknown
