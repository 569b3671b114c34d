from itertools import islice

import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mtkd.datasets import EvalSampler, InfiniteBatchSampler, LabelledSampler, ShuffleSampler
from mtkd.datasets.samplers import EndlessOrder


def first(count, length=10, batch=4, seed=0, shuffle=True, **kwargs):
    return list(islice(InfiniteBatchSampler(ShuffleSampler(range(length), seed, shuffle), batch, **kwargs), count))


def flat(lists):
    return [item for part in lists for item in part]


def test_each_index_at_most_once_an_epoch_with_drop_last():
    batches = first(6)
    for epoch in range(3):
        keys = batches[2 * epoch] + batches[2 * epoch + 1]
        assert {e for _, e in keys} == {epoch} and len({i for i, _ in keys}) == 8
    assert {i for batch in batches for i, _ in batch} == set(range(10))  # the dropped samples vary


def test_each_index_exactly_once_an_epoch_without_drop_last():
    keys = [key for batch in first(25, drop_last=False) for key in batch]
    for epoch in range(10):
        assert sorted(i for i, e in keys if e == epoch) == list(range(10))
    assert [e for _, e in keys] == sorted(e for _, e in keys)


def test_orders_differ_by_epoch_and_seed():
    assert [i for i, _ in flat(first(2))] != [i for i, _ in flat(first(4)[2:])]
    assert first(2) == first(2) != first(2, seed=1)


def test_without_shuffle():
    assert first(3, shuffle=False) == [[(0, 0), (1, 0), (2, 0), (3, 0)], [(4, 0), (5, 0), (6, 0), (7, 0)],
                                       [(0, 1), (1, 1), (2, 1), (3, 1)]]


def test_a_batch_larger_than_the_data_set_runs_on():
    batches = first(3, length=3, batch=4)
    keys = flat(batches)
    assert all(len(batch) == 4 for batch in batches)
    for epoch in range(4):
        assert sorted(i for i, e in keys if e == epoch) == [0, 1, 2]


@pytest.mark.parametrize('drop_last', [True, False])
@pytest.mark.parametrize('length', [3, 10, 17])
def test_two_ranks_see_together_what_one_process_sees(drop_last, length):
    one = first(7, length, 4, drop_last=drop_last, rank=0, world_size=1)
    two = [first(7, length, 2, drop_last=drop_last, rank=r, world_size=2) for r in (0, 1)]
    assert one == [a + b for a, b in zip(*two, strict=True)]


@pytest.mark.parametrize('drop_last', [True, False])
def test_start_at_is_as_if_run_through(drop_last):
    sampler = InfiniteBatchSampler(ShuffleSampler(range(10), 3), 4, drop_last=drop_last)
    through = list(islice(sampler, 30))
    sampler.start_at(23)
    assert list(islice(sampler, 7)) == through[23:]
    sampler.start_at(10 ** 9)  # in one batch
    assert len(next(iter(sampler))) == 4


@pytest.mark.parametrize(('length', 'batch', 'world', 'drop_last', 'batches'), [
    (10, 4, 1, True, 2), (10, 4, 1, False, 3), (10, 2, 2, True, 2), (3, 4, 1, True, 1), (8, 4, 1, False, 2)])
def test_length_is_batches_an_epoch(length, batch, world, drop_last, batches):
    sampler = InfiniteBatchSampler(ShuffleSampler(range(length)), batch, drop_last, rank=0, world_size=world)
    assert len(sampler) == batches


def test_order_is_a_permutation_and_can_go_back():
    order = EndlessOrder(50, (1,))
    early = order.keys(0, 50)
    order.keys(1000, 1010)
    assert order.keys(0, 50) == early and sorted(i for i, _ in early) == list(range(50))
    assert len(order._kept) <= 2


@pytest.mark.parametrize('world', [1, 2, 3, 7])
def test_eval_sampler_gives_each_sample_once(world):
    parts = [list(EvalSampler(range(5), rank=r, world_size=world)) for r in range(world)]
    assert sorted(flat(parts)) == list(range(5))
    assert [len(EvalSampler(range(5), rank=r, world_size=world)) for r in range(world)] == [len(p) for p in parts]


def test_misuse_is_explained():
    with pytest.raises(TypeError, match='batch_sampler=dict'):
        iter(ShuffleSampler(range(3)))
    with pytest.raises(TypeError, match='not EvalSampler'):
        InfiniteBatchSampler(EvalSampler(range(3)), 2)
    with pytest.raises(ValueError, match='batch_size=0'):
        InfiniteBatchSampler(ShuffleSampler(range(3)), 0)
    with pytest.raises(ValueError, match='without samples'):
        ShuffleSampler(range(0))


def test_the_runner_builds_a_training_and_an_evaluation_loader():
    DefaultScope.get_instance('test_samplers', scope_name='mtkd')
    data = {'type': 'SyntheticScenes', 'num_samples': 6, 'size': (24, 32), 'tasks': {'depth': 'depth'},
            'pipeline': [{'type': 'RandomHFlip'}]}
    train = Runner.build_dataloader({
        'dataset': data, 'batch_size': 2, 'num_workers': 0, 'sampler': {'type': 'ShuffleSampler'},
        'batch_sampler': {'type': 'InfiniteBatchSampler'}, 'collate_fn': {'type': 'mtkd_collate'}}, seed=9)
    assert len(train) == 3 and train.dataset.seed == 9
    batches = list(islice(train, 5))
    assert all(batch['image'].shape == (2, 3, 24, 32) for batch in batches)
    assert sorted(m['index'] for batch in batches[:3] for m in batch['meta']) == list(range(6))
    train.batch_sampler.start_at(3)
    again = next(iter(train))
    assert np.array_equal(again['image'], batches[3]['image']) and again['meta'] == batches[3]['meta']
    val = Runner.build_dataloader({
        'dataset': {**data, 'pipeline': []}, 'batch_size': 4, 'num_workers': 0, 'sampler': {'type': 'EvalSampler'},
        'collate_fn': {'type': 'mtkd_collate'}}, seed=9)
    assert [len(batch['meta']) for batch in val] == [4, 2]


class HalfLabelled:
    """Twelve samples, of which every fourth has a label."""

    name = 'half'

    def __init__(self):
        self.kept = {'a': np.arange(12) % 4 == 0, 'b': np.zeros(12, bool)}

    def __len__(self):
        return 12

    def full_init(self):
        pass


def test_labelled_and_other_samples_are_drawn_apart():
    sampler = LabelledSampler(HalfLabelled(), seed=5, labelled=2)
    batches = [sampler.batch(number, 6) for number in range(6)]
    assert all(sum(index % 4 == 0 for index, _ in batch) == 2 and len(batch) == 6 for batch in batches)
    rest = [key for batch in batches for key in batch if key[0] % 4]
    assert sorted(index for index, epoch in rest if epoch == 0) == [n for n in range(12) if n % 4]
    assert sampler.batches_per_epoch(6) == 3 and sampler.batch(3, 6) == batches[3]
    alone = LabelledSampler(HalfLabelled(), seed=5)
    assert all(index % 4 == 0 for number in range(3) for index, _ in alone.batch(number, 3))
    assert alone.batches_per_epoch(3) == 1


def test_labels_that_a_batch_cannot_have():
    with pytest.raises(ValueError, match='between 1 and 6 have a label'):
        LabelledSampler(HalfLabelled(), labelled=7).batch(0, 6)
    everything = HalfLabelled()
    everything.kept['b'][:] = True
    with pytest.raises(ValueError, match='every sample has one, so leave it out'):
        LabelledSampler(everything, labelled=2).batch(0, 6)
    everything.kept = {}
    with pytest.raises(ValueError, match='give the data set keep_labels'):
        LabelledSampler(everything)
