from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mtkd.datasets import (
    ArrayDataset,
    BadData,
    EvalSampler,
    InfiniteBatchSampler,
    MixSampler,
    MultiDataset,
    ShuffleSampler,
    collate,
)
from mtkd.datasets.images.array import as_size, read_all, stratified
from mtkd.structures import KINDS

from ..toy import Toy


class Arrays(ArrayDataset):
    """``length`` random images; every third has no class, every fourth no number."""

    OFFERS = {'shape': 'class_label', 'age': 'scalar'}
    NUM_CLASSES = {'shape': 5}

    def __init__(self, *args, length=12, side=(6, 8), change=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.length, self.side, self.change = length, side, change

    def load_arrays(self):
        rng = np.random.default_rng(self.length)
        number = np.arange(self.length)
        arrays = [rng.integers(0, 256, (self.length, *self.side, 3)).astype(np.uint8),
                  {'shape': np.where(number % 3 == 2, -1, number % 5),
                   'age': np.where(number % 4 == 3, np.nan, number / 2)},
                  [f's{i}' for i in number]]
        if self.change:
            self.change(arrays)
        return tuple(arrays)


def assert_equal(a, b):
    """Two batches are bit-equal, NaN where NaN, including the order of their fields and tasks."""
    assert list(a) == list(b) and a['meta'] == b['meta']
    assert torch.equal(a['image'], b['image']) and a['image'].is_contiguous()
    for field in ('targets', 'present'):
        assert list(a[field]) == list(b[field])
        for task, values in a[field].items():
            assert values.dtype == b[field][task].dtype
            assert values.shape == b[field][task].shape
            assert values.numpy().tobytes() == b[field][task].numpy().tobytes(), (field, task)
    assert list(a['teacher']) == list(b['teacher'])
    for name, taps in a['teacher'].items():
        assert list(taps) == list(b['teacher'][name])
        assert all(torch.equal(tap, b['teacher'][name][key]) and tap.dtype == b['teacher'][name][key].dtype
                   for key, tap in taps.items())


def one_by_one(data, keys):
    return collate([data[key] for key in keys])


KEYS = [(3, 0), (0, 2), (11, 1), 4, (3, 5), -1]


@pytest.mark.parametrize('arguments', [
    {}, {'views': 2}, {'tasks': {'age': 'scalar'}},
    {'tasks': {'depth': 'depth', 'shape': 'class_label', 'normals': 'normals', 'semseg': 'class_map', 'size': 'scalar'}}])
def test_a_batch_is_what_its_samples_are(arguments):
    data = Arrays(**arguments)
    served = data.__getitems__(KEYS)
    assert isinstance(served, dict) and collate(served) is served
    assert_equal(served, one_by_one(data, KEYS))


def test_what_a_batch_holds():
    data = Arrays()
    batch = data.__getitems__([2, 3, 4])
    assert batch['targets']['shape'].tolist() == [-1, 3, 4] and batch['present']['shape'].tolist() == [False, True, True]
    assert batch['targets']['age'][[0, 2]].tolist() == [1, 2] and batch['present']['age'].tolist() == [True, False, True]
    assert torch.equal(batch['image'][1].permute(1, 2, 0), torch.from_numpy(data.load_arrays()[0][3]))
    assert [meta['sample_id'] for meta in batch['meta']] == ['s2', 's3', 's4']
    batch['image'].zero_()
    batch['targets']['shape'].zero_()
    assert data.images[2:5].any() and data.labels['shape'][3] == 3, 'a batch does not share memory with the data set'


def test_stored_taps_come_along():
    data = Arrays()
    data.full_init()
    data.stored = {'big': {'shape.probs': np.random.default_rng(0).random((12, 5)).astype(np.float32)}}
    served = data.__getitems__(KEYS)
    assert np.array_equal(served['teacher']['big']['shape.probs'][0], data.stored['big']['shape.probs'][3])
    assert_equal(served, one_by_one(data, KEYS))


def test_with_a_pipeline_samples_are_augmented_one_by_one():
    data = Arrays(pipeline=[{'type': 'PhotoMetricDistortion'}], seed=3)
    served = data.__getitems__(KEYS)
    assert isinstance(served, list) and not data.serves_batches
    assert_equal(collate(served), one_by_one(data, KEYS))
    assert not torch.equal(collate(served)['image'], Arrays().__getitems__(KEYS)['image'])


def test_a_sample_is_not_the_array_itself():
    data = Arrays()
    data.load(0)['image'][:] = 0
    data[1]['image'].zero_()
    assert data.images[0].any() and data.images[1].any()


@pytest.mark.parametrize('key', [12, -13])
def test_there_is_no_such_sample(key):
    with pytest.raises(IndexError, match=f'has 12 samples, there is no number .*{key}'):
        Arrays().__getitems__([0, key, 3])


@pytest.mark.parametrize('workers', [0, 2])
def test_the_loader_serves_whole_batches(workers):
    data = Arrays()
    data.full_init()
    sampler = InfiniteBatchSampler(ShuffleSampler(data, seed=1), 4)
    loader = DataLoader(data, batch_sampler=sampler, num_workers=workers, collate_fn=collate)
    for number, batch in zip(range(5), loader, strict=False):
        assert_equal(batch, one_by_one(data, sampler.batch(number)))


def union(**arguments):
    tasks = {'shape': 'class_label', 'age': 'scalar'}
    return MultiDataset([Arrays({'shape': 'class_label'}, name='a', length=30, **arguments),
                         Arrays({'age': 'scalar'}, name='b', length=9, **arguments)], tasks)


def test_a_union_interleaves_its_sets_in_the_order_of_the_keys():
    both = union()
    sampler = InfiniteBatchSampler(MixSampler(both, 2, [6, 4]), 10)
    for number in range(4):
        keys = sampler.batch(number)
        batch = both.__getitems__(keys)
        assert_equal(batch, one_by_one(both, keys))
        origins = [meta['dataset'] for meta in batch['meta']]
        assert origins.count('a') == 6 and origins.count('b') == 4
        assert not (batch['present']['shape'] & batch['present']['age']).any(), 'each sample is labelled for one task'
        assert batch['present']['shape'].any() and batch['present']['age'].any()
    plain = [0, 29, 30, 38, 5]
    assert_equal(both.__getitems__(plain), one_by_one(both, plain))


def test_a_union_is_evaluated_in_whole_batches_too():
    both = union()
    loader = DataLoader(both, batch_size=16, sampler=EvalSampler(both), collate_fn=collate)
    batches = list(loader)
    assert [len(batch['meta']) for batch in batches] == [16, 16, 7]
    seen = [(meta['dataset'], meta['index']) for batch in batches for meta in batch['meta']]
    assert seen == [('a', i) for i in range(30)] + [('b', i) for i in range(9)]
    assert_equal(batches[1], one_by_one(both, range(16, 32)))


def test_a_union_with_a_set_that_serves_no_batches():
    kinds = {'shape': 'class_label', 'depth': 'depth'}
    both = MultiDataset([Arrays(kinds, name='a', side=(20, 30)), Toy(kinds, name='b')])
    served = both.__getitems__([(0, 1, 0), (1, 2, 0)])
    assert isinstance(served, list) and [s['present']['depth'] for s in served] == [False, True]
    assert isinstance(both.__getitems__([(0, 1, 0), (0, 2, 0)]), dict), 'the other set is not read'


def test_sets_of_two_sizes_cannot_share_a_batch():
    both = MultiDataset([Arrays(name='a'), Arrays(name='b', side=(8, 8))])
    with pytest.raises(ValueError, match='images of one batch differ in size'):
        both.__getitems__([(0, 0, 0), (1, 0, 0)])


def spoil(where, value):
    def change(arrays):
        if isinstance(where, str):
            arrays[1][where] = value(arrays[1][where])
        else:
            arrays[where] = value(arrays[where])
    return change


@pytest.mark.parametrize(('change', 'words'), [
    (spoil(0, lambda x: x.astype(np.float32)), r"Arrays 'train': images are \(N, H, W, 3\) uint8 RGB, these are \(12,"),
    (spoil(0, lambda x: x[..., 0]), 'convert them'),
    (spoil('shape', lambda x: x[:-1]), '12 images, 12 ids and 11 labels of shape'),
    (spoil(2, lambda x: x[1:]), '12 images, 11 ids and 12 labels'),
    (spoil('shape', lambda x: np.where(x == 4, 5, x)), "sample 's4' has shape 5, allowed are 0 to 4 and -1"),
    (spoil('shape', lambda x: x - 1), "sample 's2' has shape -2"),
])
def test_bad_arrays_are_named(change, words):
    with pytest.raises(BadData, match=words):
        Arrays(change=change).full_init()


def test_an_empty_split():
    with pytest.raises(BadData, match="split 'train' of Arrays in .* is empty"):
        Arrays(length=0).full_init()


def test_only_labels_of_whole_pictures():
    class Maps(Arrays):
        OFFERS = {'depth': 'depth'}

    with pytest.raises(TypeError, match="offers 'depth' as depth"):
        Maps()


def test_size():
    assert as_size(32, 'X') == (32, 32) and as_size([4, 6], 'X') == (4, 6)
    for wrong in (0, (3,), (3, -1)):
        with pytest.raises(ValueError, match='of X: use'):
            as_size(wrong, 'X')


def test_many_files_are_read_in_order_and_a_bad_one_is_told():
    paths = [Path(str(i)) for i in range(40)]
    grey = read_all(paths, lambda path: np.full((2, 3), int(path.name), np.uint8), (2, 3), 'test')
    assert grey.shape == (40, 2, 3, 3) and all((grey[i] == i).all() for i in range(40))

    def broken(path):
        raise BadData(f'{path} is broken')

    with pytest.raises(BadData, match='is broken'):
        read_all(paths, broken, (2, 3), 'test')


def test_stratified_draw():
    labels = np.repeat([0, 1, 2], [60, 30, 11])
    held = stratified(labels, 33, 0, 'x')
    assert held.sum() == 33 and np.bincount(labels[held]).tolist() == [20, 10, 3]
    assert np.array_equal(held, stratified(labels, 33, 0, 'x'))
    assert not np.array_equal(held, stratified(labels, 33, 1, 'x'))
    assert stratified(labels, 0.5, 0, 'x').sum() == 50
    digits = np.tile(np.arange(10), 7326)[:73257]
    shares = np.bincount(digits[stratified(digits, 26040, 0, 'x')])
    assert shares.sum() == 26040 and shares.max() - shares.min() <= 1


@pytest.mark.parametrize(('share', 'words'), [
    (0, 'cannot hold out 0 of 101'), (101, 'cannot hold out 101'), (1.5, 'a fraction between 0 and 1'),
    (True, 'takes'), (2, 'takes 0 of the 11 of class 2'), (0.99, 'takes 30 of the 30 of class 1'), ('all', 'cannot')])
def test_a_draw_that_cannot_be(share, words):
    with pytest.raises(ValueError, match=words):
        stratified(np.repeat([0, 1, 2], [60, 30, 11]), share, 0, 'x')


def test_the_kinds_of_the_union_keep_their_markers():
    batch = union().__getitems__([(0, 0, 0), (1, 0, 0)])
    for task, kind in (('shape', KINDS['class_label']), ('age', KINDS['scalar'])):
        assert torch.equal(kind.valid(batch['targets'][task]), batch['present'][task])


def test_a_limit_takes_rows_of_all_arrays():
    whole, some = Arrays(), Arrays(limit=5)
    numbers = [int(entry['sample_id'][1:]) for entry in some.entries]
    assert len(some) == 5 and some.images.shape[0] == 5 and len(set(numbers)) == 5
    batch = some.__getitems__([(row, 0) for row in range(5)])
    assert torch.equal(batch['image'], whole.images[numbers])
    assert torch.equal(some.labels['shape'], whole.labels['shape'][numbers])
    assert torch.equal(some[4]['image'], whole[numbers[4]]['image'])
