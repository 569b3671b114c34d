"""A seeded hold-out for data sets without a split."""

from collections.abc import Sequence

import numpy as np

SPLITS = ('train', 'val', 'all')


def held_out(groups: Sequence[str], split: str, share: float, seed: int) -> list[int]:
    """Indices of the samples of a split; no group occurs in both splits.

    Args:
        groups: the group of each sample: its person if known, otherwise the sample itself.
        split: ``'train'``, ``'val'`` or ``'all'``.
        share: share of the groups in ``'val'``.
        seed: seed of the division.

    Raises:
        ValueError: the share is not inside (0, 1).
    """
    if not 0 < share < 1:
        raise ValueError(f'val_share={share}: give a number between 0 and 1.')
    if split == 'all':
        return list(range(len(groups)))
    names = sorted(set(groups))
    drawn = np.random.default_rng([seed, len(names)]).permutation(len(names))[:round(share * len(names))]
    val = {names[index] for index in drawn}
    return [index for index, group in enumerate(groups) if (group in val) == (split == 'val')]
