"""CIFAR-10, GTSRB and SVHN in one student with 5 and 10 % of the labels: alone, and taught by a teacher of each set.

    python tools/sweep.py configs/sweeps/few_labels_three_sets.py --data-root data

Cost: 4 trainings of 800 iterations per seed, and three teachers. Result: docs/results/few_labels_three_sets.md."""

_SHARE = [f'train_dataloader.dataset.datasets.{_set}.keep_labels.share' for _set in range(3)]
points = [{'config': f'configs/few_labels/three_sets_{_row}.py', **dict.fromkeys(_SHARE, _share)}
          for _share in (0.05, 0.1) for _row in ('student', 'taught')]
labels = dict(zip(_SHARE, ('cifar10', 'gtsrb', 'svhn'), strict=True))
seeds = [0, 1, 2]
title = 'CIFAR-10, GTSRB and SVHN with few labels'
