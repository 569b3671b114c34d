"""A seeded order that reads few shards at a time, and different shards on every rank."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mtkd.registry import DATA_SAMPLERS

from ..samplers import PositionSampler


@DATA_SAMPLERS.register_module()
class ShardSampler(PositionSampler):
    """Each sample once per epoch, in an order that proceeds from shard to shard.

    In every epoch, the shards are distributed anew over ``lanes``; a lane is read ``window`` shards at a time, whose samples
    are shuffled together. A batch takes the same number of samples from each lane, lane after lane, so that each of W ranks
    reads lanes / W of the lanes: no shard is read on two ranks, except for the rest of longer lanes at the end of an epoch.
    The batches do not depend on the number of ranks, and any batch can be computed directly.

    Args:
        dataset: a :class:`~mtkd.datasets.own.tar_shards.TarShards`.
        seed: seed of the order; None: 0.
        lanes: number of shards read in parallel; a multiple of the number of ranks that divides the batch. If it does not
            divide the batch, or there are fewer shards, the largest smaller divisor is used.
        window: number of shards of a lane that are shuffled together; more shards mix better but are open at once.

    Raises:
        ValueError: the data set has no shards, or a number is not positive.
    """

    def __init__(self, dataset: Any, seed: int | None = None, lanes: int = 8, window: int = 4) -> None:
        super().__init__(dataset, seed)
        if lanes < 1 or window < 1:
            raise ValueError(f'ShardSampler(lanes={lanes}, window={window}): both are 1 or more.')
        dataset.full_init()
        sizes = getattr(dataset, 'shard_sizes', None)
        if not sizes:
            raise ValueError(f'ShardSampler draws from TarShards, not from {type(dataset).__name__}: use ShuffleSampler '
                             'there.')
        self.lanes, self.window = lanes, window
        self.starts = np.cumsum([0, *sizes])
        self._kept: dict[tuple[int, int], np.ndarray] = {}

    @property
    def count(self) -> int:
        """Number of samples."""
        return int(self.starts[-1])

    def order(self, epoch: int, total: int) -> np.ndarray:
        """(N,) the samples of an epoch, for batches of ``total``; those of the last two epochs are cached."""
        if (epoch, total) not in self._kept:
            most = min(self.lanes, len(self.starts) - 1, total)
            lanes = max(number for number in range(1, most + 1) if total % number == 0)
            parts = self._dealt(epoch, lanes)
            share = total // lanes
            whole = min(len(part) for part in parts) // share * share
            batches = np.stack([part[:whole].reshape(-1, share) for part in parts], 1).reshape(-1)
            rest = np.concatenate([part[whole:] for part in parts])
            self._kept = {key: order for key, order in self._kept.items() if key == (epoch - 1, total)}
            self._kept[epoch, total] = np.concatenate([batches, rest])
        return self._kept[epoch, total]

    def _dealt(self, epoch: int, lanes: int) -> Sequence[np.ndarray]:
        """The samples of each lane, in its order."""
        rng = np.random.default_rng([self.seed, epoch])
        dealt: list[list[int]] = [[] for _ in range(lanes)]
        filled = [0] * lanes
        for shard in rng.permutation(len(self.starts) - 1).tolist():
            lane = filled.index(min(filled))
            dealt[lane].append(shard)
            filled[lane] += int(self.starts[shard + 1] - self.starts[shard])
        return [np.concatenate([rng.permutation(np.concatenate([np.arange(*self.starts[shard:shard + 2]) for shard in some]))
                                for some in (lane[at:at + self.window] for at in range(0, len(lane), self.window))]
                               or [np.zeros(0, np.int64)]) for lane in dealt]

    def batch(self, number: int, total: int, drop_last: bool = True) -> list[Any]:
        used = self.count // total * total if drop_last else 0
        keys = []
        for position in range(number * total, (number + 1) * total):
            epoch, place = divmod(position, used or self.count)
            keys.append((int(self.order(epoch, total)[place]), epoch))
        return keys

    def batches_per_epoch(self, total: int, drop_last: bool = True) -> int:
        return max(self.count // total if drop_last else -(-self.count // total), 1)
