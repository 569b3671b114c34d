import numpy as np
import pytest

from mtkd.datasets import InfiniteBatchSampler, ShardSampler

SIZES = [7, 5, 9, 3, 8, 6, 10, 4]
SHARD = np.repeat(np.arange(8), SIZES)


class Shards:
    shard_sizes = SIZES

    def full_init(self):
        pass

    def __len__(self):
        return sum(SIZES)


def test_every_sample_once_an_epoch_and_another_order_in_the_next():
    sampler = ShardSampler(Shards(), seed=3, lanes=4, window=1)
    orders = [[sampler.batch(epoch * 13 + number, 4, drop_last=False) for number in range(13)] for epoch in (0, 1)]
    for epoch, batches in enumerate(orders):
        keys = [key for batch in batches for key in batch]
        assert sorted(keys) == [(index, epoch) for index in range(52)]
    assert [index for index, _ in orders[0][0]] != [index for index, _ in orders[1][0]]
    assert sampler.batches_per_epoch(4) == 13 and sampler.batches_per_epoch(8) == 6


def test_few_shards_at_a_time_and_of_each_rank_its_own():
    ranks = [InfiniteBatchSampler(ShardSampler(Shards(), seed=0, lanes=4, window=1), 4, rank=rank, world_size=2)
             for rank in (0, 1)]
    one = InfiniteBatchSampler(ShardSampler(Shards(), seed=0, lanes=4, window=1), 8, rank=0, world_size=1)
    seen = [set(), set()]
    for number in range(4):
        assert ranks[0].batch(number) + ranks[1].batch(number) == one.batch(number)
        for rank, sampler in enumerate(ranks):
            now = {int(SHARD[index]) for index, _ in sampler.batch(number)}
            assert len(now) <= 4
            seen[rank] |= now
    assert seen[0] and seen[1] and not seen[0] & seen[1]


def test_any_batch_can_be_asked_for():
    forward, late = (ShardSampler(Shards(), seed=1) for _ in range(2))
    batches = [forward.batch(number, 6) for number in range(30)]
    assert late.batch(29, 6) == batches[29] and late.batch(2, 6) == batches[2]


def test_what_is_refused():
    with pytest.raises(ValueError, match='both are 1 or more'):
        ShardSampler(Shards(), lanes=0)
    other = Shards()
    other.shard_sizes = None
    with pytest.raises(ValueError, match='draws from TarShards, not from Shards'):
        ShardSampler(other)
