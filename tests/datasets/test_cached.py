"""Samples with a teacher's cached taps."""

import numpy as np
import pytest
import torch

from mtkd.datasets import MultiDataset, SyntheticImages
from mtkd.datasets.cached import WHERE, CachedTaps, Unseen, moved, tracked
from mtkd.datasets.transforms import RandomCrop, RandomHFlip
from mtkd.datasets.transforms.geometry import hflip, pad, resize, window
from mtkd.structures import FeatureStore, Sample, collate

N, VIEWS = 6, 2


def store(folder, rows: int) -> FeatureStore:
    """Row r contains the value r in both taps."""
    made = FeatureStore.create(folder, {}, {'map': (1, 4, 4), 'vector': (3,)}, rows)
    made.append({'map': np.arange(rows)[:, None, None, None] * np.ones((1, 1, 4, 4)),
                 'vector': np.arange(rows)[:, None] * np.ones((1, 3))})
    made.commit()
    return made


def dataset(pipeline=(), name='toy') -> SyntheticImages:
    return SyntheticImages({'label': 'class_label'}, num_samples=N, size=32, num_classes={'label': 3}, views=VIEWS,
                           pipeline=pipeline, name=name)


@pytest.mark.parametrize('pipeline', [[], [RandomHFlip()]])
def test_a_row_a_sample_and_view(tmp_path, pipeline):
    data = dataset(pipeline)
    data.cached['t'] = CachedTaps(store(tmp_path, N * VIEWS), ['vector'], N)
    keys = [(4, 0), (1, 1), (4, 2), (0, 5)]
    batch = collate(data.__getitems__(keys))
    assert list(batch['teacher']['t']) == ['vector'] and batch['teacher']['t']['vector'].dtype == torch.float16
    assert batch['teacher']['t']['vector'][:, 0].tolist() == [4, N + 1, 4, N]
    assert [meta['view'] for meta in batch['meta']] == [0, 1, 0, 1]


def test_a_union_of_cached_sets(tmp_path):
    parts = [dataset(name='a'), dataset([RandomHFlip()], name='b')]
    for number, part in enumerate(parts):
        part.cached['t'] = CachedTaps(store(tmp_path / str(number), N * VIEWS), ['vector'], N)
    union = MultiDataset(parts)
    batch = collate(union.__getitems__([(1, 2, 0), (0, 3, 1)]))
    assert batch['teacher']['t']['vector'][:, 0].tolist() == [2, N + 3]


def ramp(height: int = 8, width: int = 8) -> np.ndarray:
    """(2, h, w): a map whose values are the positions of its cells, x and y from 0 to 1."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    return np.stack([x, y]).astype(np.float32)


def sample(height: int = 32, width: int = 32) -> Sample:
    return Sample(image=np.zeros((height, width, 3), np.uint8), targets={}, meta={'crop': None, 'flip': False})


@pytest.mark.parametrize(('move', 'wanted'), [
    (lambda s, k: s, lambda x, y: (x, y)),
    (hflip, lambda x, y: (1 - x, y)),
    (lambda s, k: resize(s, k, (64, 32)), lambda x, y: (x, y)),
    (lambda s, k: window(s, k, (8, 16, 16, 16)), lambda x, y: (0.5 + x / 2, 0.25 + y / 2)),
    (lambda s, k: hflip(window(s, k, (8, 16, 16, 16)), k), lambda x, y: (1 - x / 2, 0.25 + y / 2))])
def test_a_map_moves_as_the_picture_does(move, wanted):
    tracked_sample, kinds = tracked(sample(), {})
    where = move(tracked_sample, kinds)['targets'][WHERE]
    got = moved(ramp(), where, (32, 32))
    assert got.shape[1:] == (where.shape[0] // 4, where.shape[1] // 4), 'the same stride'
    inner = np.s_[:, 1:-1, 1:-1]  # at the border, the border of the unaugmented map is repeated
    np.testing.assert_allclose(got[inner], np.stack(wanted(*ramp(*got.shape[1:])))[inner], atol=2e-2)


def test_padding_repeats_the_border():
    tracked_sample, kinds = tracked(sample(), {})
    where = pad(tracked_sample, kinds, (48, 48))['targets'][WHERE]
    got = moved(ramp(), where, (32, 32))
    assert got.shape == (2, 12, 12) and np.isfinite(got).all()
    np.testing.assert_allclose(got[:, 3:-3, 3:-3], ramp()[:, 1:-1, 1:-1], atol=2e-2)


def test_clean_rows_move_with_the_sample_and_vectors_stay(tmp_path):
    made = FeatureStore.create(tmp_path, {}, {'map': (2, 8, 8), 'vector': (3,)}, N, 'float32')
    made.append({'map': np.repeat(ramp()[None], N, 0), 'vector': np.ones((N, 3))})
    made.commit()
    data = dataset([RandomHFlip(prob=1.0), RandomCrop(size=(16, 16), max_share=1.0)])
    data.cached['t'] = CachedTaps(made, ['map', 'vector'], N, 'clean', (32, 32))
    item = data[(3, 1)]
    taps = item['teacher']['t']
    assert taps['map'].shape == (2, 4, 4) and (taps['vector'] == 1).all()
    assert (np.diff(taps['map'][0], axis=1) < 0).all(), 'mirrored'
    assert WHERE not in item['targets']
    data.cached.clear()
    assert torch.equal(item['image'], data[(3, 1)]['image']), 'following the geometry does not change the random draws'


def test_unseen_pictures_have_one_pixel_and_their_labels():
    data = dataset([Unseen()])
    batch = collate(data.__getitems__([(0, 0), (3, 1)]))
    assert batch['image'].shape == (2, 3, 1, 1) and not batch['image'].any()
    labels = collate(dataset().__getitems__([(0, 0), (3, 1)]))['targets']['label']
    assert batch['targets']['label'].tolist() == labels.tolist()
    assert Unseen().whole(np.ones((5, 8, 9, 3), np.uint8), [], []).shape == (5, 1, 1, 3)
