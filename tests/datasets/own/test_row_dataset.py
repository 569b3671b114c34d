"""Common behaviour of the adapters, tested with rows in memory."""

import numpy as np
import pyarrow as pa
import pytest

from mtkd.datasets import BadData
from mtkd.datasets.blob import Blob
from mtkd.datasets.own.row_dataset import ID, MAP, VALUE, RowDataset

from .rooms import png


class Rows(RowDataset):
    """Two rows; the second has no depth."""

    size_of_depth = (8, 8)

    def listing(self):
        return pa.table({ID: ['a', 'b'], VALUE + 'scene': ['1', None], MAP + 'depth': [True, None]})

    def part(self, entry, role):
        if role == 'image':
            return Blob('picture', '.png', png(np.full((8, 8, 3), entry['number'], np.uint8)))
        return Blob('depth', array=np.full(self.size_of_depth, 1.5, np.float32))


TASKS = {'scene': 'class_label', 'depth': 'depth'}


def test_labels_and_maps_of_one_row():
    data = Rows(TASKS, depth={})
    first, second = (data.load(number)['targets'] for number in (0, 1))
    assert first['scene'] == 1 and first['depth'].tolist() == [[1.5] * 8] * 8 and second == {'scene': None, 'depth': None}
    assert data.label_counts() == {'scene': 1, 'depth': 1} and [row['sample_id'] for row in data.records()] == ['a', 'b']
    assert Rows(TASKS, depth={}, keep=['scene']).load(0)['targets']['depth'] is None


def test_pictures_without_maps_are_brought_to_one_size():
    assert Rows({'scene': 'class_label'}).load(0)['image'].shape == (64, 64, 3)
    assert Rows(TASKS, depth={}).load(0)['image'].shape == (8, 8, 3)
    small = Rows(TASKS, depth={}, size=(4, 4)).load(0)
    assert small['image'].shape == (4, 4, 3) and small['targets']['depth'].shape == (4, 4)


def test_a_map_of_another_view_is_refused_at_any_size(monkeypatch):
    monkeypatch.setattr(Rows, 'size_of_depth', (4, 8))
    for size in (None, (4, 4)):
        with pytest.raises(BadData, match='not of the same view'):
            Rows(TASKS, depth={}, size=size).load(0)


def test_a_limit_draws_rows():
    data = Rows(TASKS, depth={}, limit=1, keep_labels={'share': 1})
    assert len(data) == len(data.known_labels()['scene']) == 1 and data.load(0)['meta']['sample_id'] in ('a', 'b')


def test_no_label_at_all_is_an_error():
    with pytest.raises(BadData, match='has no label for any of its tasks'):
        Rows({'age': 'scalar'}).full_init()
