"""CIFAR-10 with 1, 5, 10 and 100 % of the labels: a student alone, distilled from a teacher trained on all labels, and from one trained on the same labels.

    python tools/sweep.py configs/sweeps/few_labels.py --data-root data

Cost: 11 trainings of 800 iterations per seed, and four teachers. Result: docs/results/few_labels.md."""

_SHARE = 'train_dataloader.dataset.keep_labels.share'
_ALONE, _TAUGHT, _ALL = (f'configs/few_labels/cifar10_{_name}.py' for _name in ('student', 'taught', 'taught_all'))
_SAME = {0.01: 'configs/few_labels/cifar10_taught_by_1.py', 0.05: 'configs/few_labels/cifar10_taught_by_5.py', 0.1: 'configs/few_labels/cifar10_taught_by_10.py'}
points = [{'config': _ALONE, _SHARE: 1.0}, {'config': _ALL, _SHARE: 1.0}] + [
    {'config': _config, _SHARE: _share} for _share in (0.01, 0.05, 0.1) for _config in (_ALONE, _TAUGHT, _SAME[_share])]
labels = {_SHARE: 'labels'}
seeds = [0, 1, 2, 3]
title = 'CIFAR-10 with few labels'
