"""CIFAR-10, GTSRB and SVHN in one student with 5, 10, 25 and 100 % of the labels: alone, and taught by a teacher of each set.

    python tools/sweep.py configs/sweeps/few_labels_three_sets.py --data-root data

Cost: 8 trainings of 800 iterations a seed, and three teachers. Result: docs/results/few_labels_three_sets.md."""

_ALONE, _TAUGHT, _ALL = (f'configs/few_labels/three_sets_{_name}.py' for _name in ('student', 'taught', 'taught_all'))
_SHARE = [f'train_dataloader.dataset.datasets.{_set}.keep_labels.share' for _set in range(3)]
points = [{'config': _config, **dict.fromkeys(_SHARE, _share)}
          for _share in (0.05, 0.1, 0.25, 1.0) for _config in (_ALONE, _ALL if _share == 1 else _TAUGHT)]
labels = dict(zip(_SHARE, ('cifar10', 'gtsrb', 'svhn'), strict=True))
seeds = [0, 1, 2, 3, 4]
title = 'CIFAR-10, GTSRB and SVHN with few labels'
