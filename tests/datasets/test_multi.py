from collections import Counter
from itertools import islice

import numpy as np
import pytest
import torch

from mtkd.datasets import HomogeneousBatchSampler, InfiniteBatchSampler, MixSampler, MultiDataset, ShuffleSampler, collate
from mtkd.datasets.multi import apportion, shares
from mtkd.registry import DATASETS

from .toy import Toy


def union(*sizes, **kwargs):
    return MultiDataset([Toy(length=n, name=f'set{i}', **kwargs) for i, n in enumerate(sizes)])


def batches(sampler, count, batch=6, **kwargs):
    return list(islice(InfiniteBatchSampler(sampler, batch, **kwargs), count))


def test_union_serves_all_tasks_and_keeps_each_sets_metainfo():
    both = MultiDataset([Toy(tasks={'depth': 'depth'}, name='a', length=2),
                         Toy(tasks={'semseg': 'class_map'}, name='b', length=3)])
    assert len(both) == 5 and list(both.kinds) == ['depth', 'semseg']
    first, second = both[0, 1, 0], both[1, 2, 4]
    assert (first['meta']['dataset'], second['meta']['dataset']) == ('a', 'b')
    assert first['present'] == {'depth': True, 'semseg': False}
    assert second['present'] == {'depth': False, 'semseg': True}
    assert second['meta']['index'] == 2 and second['meta']['view'] == 4
    batch = collate([first, second])
    assert batch['present']['semseg'].tolist() == [False, True]
    info = both.metainfo
    assert info['tasks'] == {'depth': 'depth', 'semseg': 'class_map'} and list(info['datasets']) == ['a', 'b']
    assert info['datasets']['b']['num_classes'] == {'semseg': 4}


def test_plain_indices_go_through_the_sets():
    both = union(2, 3)
    assert [both[i]['meta']['sample_id'] for i in range(5)] == ['s0', 's1', 's0', 's1', 's2']
    for index in (5, -1):
        with pytest.raises(IndexError):
            both[index]


def test_configs_get_the_unions_tasks():
    scenes = {'type': 'SyntheticScenes', 'num_samples': 2, 'size': (24, 32)}
    both = DATASETS.build({'type': 'MultiDataset', 'tasks': {'depth': 'depth', 'semseg': 'class_map'},
                           'datasets': [{**scenes, 'name': 'a', 'tasks': {'sal': 'binary_map'}},
                                        {**scenes, 'name': 'b'}]})
    both.full_init()
    assert list(both.datasets[0].reads) == ['sal'] and set(both.datasets[1].reads) == {'depth', 'semseg'}
    assert both[0]['present'] == {'sal': True, 'depth': False, 'semseg': False}


def test_refuses():
    with pytest.raises(ValueError, match='at least one'):
        MultiDataset([])
    with pytest.raises(ValueError, match="'Toy' more than once"):
        MultiDataset([Toy(), Toy()])
    with pytest.raises(ValueError, match='different task names'):
        MultiDataset([Toy(tasks={'depth': 'depth', 'x': 'scalar'}), Toy(tasks={'depth': 'depth', 'x': 'depth'},
                                                                       name='b')])
    with pytest.raises(TypeError, match='draws from a MultiDataset'):
        MixSampler(Toy())


def test_shares_and_whole_numbers():
    assert shares([100, 25], 'sqrt').tolist() == pytest.approx([2 / 3, 1 / 3])
    assert shares([30, 10], 'size').tolist() == [0.75, 0.25] and shares([30, 10], 'equal').tolist() == [0.5, 0.5]
    assert apportion(shares([100, 25], 'sqrt'), 6) == [4, 2]
    assert apportion(shares([10 ** 6, 1, 1], 'size'), 8) == [6, 1, 1]
    for total in range(3, 40):
        assert sum(apportion(shares([7, 50, 3], 'sqrt'), total)) == total
    with pytest.raises(ValueError, match='cannot hold 3 data sets'):
        apportion(shares([1, 1, 1], 'equal'), 2)
    with pytest.raises(ValueError, match='no rule'):
        shares([1], 'cubic')


@pytest.mark.parametrize(('quotas', 'expected'), [('sqrt', [4, 2]), ('equal', [3, 3]), ([5, 1], [5, 1])])
def test_mix_holds_the_quotas_in_every_batch(quotas, expected):
    for batch in batches(MixSampler(union(100, 25), 0, quotas), 40):
        assert [Counter(which for which, _, _ in batch)[i] for i in (0, 1)] == expected


def test_mix_cycles_the_smaller_set_with_new_draws():
    sampler = MixSampler(union(12, 3), 0, [4, 2])
    assert sampler.batches_per_epoch(6) == 3
    keys = [key for batch in batches(sampler, 6) for key in batch]
    small = sorted((draw, index) for which, index, draw in keys if which == 1)
    assert small == [(draw, index) for draw in range(4) for index in range(3)]
    assert sorted(index for which, index, draw in keys if which == 0 and draw == 0) == list(range(12))


def test_mix_refuses_quotas_that_do_not_fit():
    for quotas in ([6], [3, 2], [6, 0]):
        with pytest.raises(ValueError, match='summing to the global batch of 6'):
            MixSampler(union(5, 5), 0, quotas).batch(0, 6)


def test_homogeneous_batches_cover_every_sample_once_an_epoch():
    sampler = HomogeneousBatchSampler(union(12, 6), 0)
    assert sampler.batches_per_epoch(3) == 6
    order = set()
    for epoch in range(3):
        part = [sampler.batch(6 * epoch + b, 3) for b in range(6)]
        assert all(len({which for which, _, _ in batch}) == 1 for batch in part)
        keys = [key for batch in part for key in batch]
        assert sorted(keys) == [(w, i, epoch) for w, n in ((0, 12), (1, 6)) for i in range(n)]
        order.add(tuple(batch[0][0] for batch in part))
    assert len(order) > 1


def test_homogeneous_by_another_rule():
    sampler = HomogeneousBatchSampler(union(30, 6), 0, 'equal')
    which = [sampler.batch(b, 3)[0][0] for b in range(24)]
    assert Counter(which) == {0: 12, 1: 12}


@pytest.mark.parametrize('kind', [MixSampler, HomogeneousBatchSampler])
def test_ranks_and_resume(kind):
    one = batches(kind(union(20, 7), 1), 9, 6, rank=0, world_size=1)
    two = [batches(kind(union(20, 7), 1), 9, 3, rank=r, world_size=2) for r in (0, 1)]
    assert one == [a + b for a, b in zip(*two, strict=True)]
    assert batches(kind(union(20, 7), 1), 4, 6, start=5) == one[5:]
    assert one != batches(kind(union(20, 7), 2), 9, 6)


def test_the_runs_seed_reaches_every_set():
    both = union(4, 4, pipeline=[{'type': 'PhotoMetricDistortion'}])
    ShuffleSampler(both, seed=6)
    assert [d.seed for d in both.datasets] == [6, 6]
    assert torch.equal(both[1, 2, 3]['image'], Toy(name='x', seed=6, pipeline=[{'type': 'PhotoMetricDistortion'}])[
        2, 3]['image'])


def test_each_set_serves_what_it_was_asked_for():
    crop = [{'type': 'RandomCrop', 'size': (8, 8)}]
    both = MultiDataset([Toy(tasks={'depth': 'depth'}, name='a', pipeline=crop),
                         Toy(tasks={'semseg': 'class_map'}, name='b')])
    assert 'semseg' in both.datasets[0].reads
    assert {task: bool(there) for task, there in both[0]['present'].items()} == {'depth': True, 'semseg': False}


@pytest.mark.parametrize('other, words', [
    ({'NUM_CLASSES': {'semseg': 3}}, "'semseg' has 4 classes in a and 3 in b"),
    ({'CLASSES': {'semseg': ('Sky', 'car', 'road', 'tree')}}, "class 2 of 'semseg' is 'tree' in a and 'road' in b")])
def test_two_label_spaces_of_one_task_are_refused(other, words):
    first = type('First', (Toy,), {'CLASSES': {'semseg': ('sky', 'car', 'tree', 'road')}})
    second = type('Second', (Toy,), {'CLASSES': {}, **other})
    asked = {'semseg': 'class_map'}
    with pytest.raises(ValueError, match=words) as refused:
        MultiDataset([first(asked, name='a'), second(asked, name='b')])
    assert 'label_maps=dict(semseg=' in str(refused.value)
    table = [0, 1, 3, 2][:second.NUM_CLASSES['semseg']]
    mapped = second(asked, name='b', num_classes={'semseg': 4}, label_maps={'semseg': table})
    MultiDataset([first(asked, name='a'), mapped])


def test_labelled_and_other_samples_of_each_set_are_drawn_apart():
    both = union(12, 40, keep_labels={'share': 0.25})
    sampler = MixSampler(both, 3, [4, 6], labelled=[1, 6])
    keys = [key for number in range(9) for key in sampler.batch(number, 10)]
    has = [next(iter(part.kept.values())) for part in both.datasets]
    for number in range(9):
        batch = sampler.batch(number, 10)
        assert Counter(which for which, _, _ in batch) == {0: 4, 1: 6}
        assert sum(has[0][index] for which, index, _ in batch if which == 0) == 1
    assert all(has[1][index] for which, index, _ in keys if which == 1)  # only its labelled part
    first = [index for which, index, epoch in keys if which == 0 and epoch == 0]
    assert sorted(index for index in first if not has[0][index]) == np.flatnonzero(~has[0]).tolist()
    assert sampler.batches_per_epoch(10) == 3  # 3 with a label, 9 without at 3 per batch, 10 at 6 per batch
    assert sampler.batch(5, 10) == MixSampler(both, 3, [4, 6], labelled=[1, 6]).batch(5, 10)


def test_a_set_without_a_number_is_drawn_as_before():
    both = MultiDataset([Toy(length=8, name='a', keep_labels={'share': 0.5}), Toy(length=9, name='b')])
    mixed, plain = MixSampler(both, 1, [2, 3], labelled=[2, None]), MixSampler(both, 1, [2, 3])
    for number in range(6):
        assert [key for key in mixed.batch(number, 5) if key[0]] == [key for key in plain.batch(number, 5) if key[0]]


def test_numbers_of_labelled_samples_that_do_not_fit():
    with pytest.raises(ValueError, match='one number, or None, for each of the 2'):
        MixSampler(union(5, 5), 0, [2, 2], labelled=[1])
    with pytest.raises(ValueError, match='set0: samples with and without a label .* give the data set keep_labels'):
        MixSampler(union(5, 5), 0, [2, 2], labelled=[1, None])
    with pytest.raises(ValueError, match='set1, labelled=3: of 2 samples in a batch between 1 and 2'):
        MixSampler(union(8, 8, keep_labels={'share': 0.5}), 0, [2, 2], labelled=[2, 3]).batch(0, 4)
