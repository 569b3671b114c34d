"""CIFAR-10 with 5, 10, 25 and 100 % of the labels: a student alone, taught by a teacher of all labels, and by one of the same labels.

    python tools/sweep.py configs/sweeps/few_labels.py --data-root data

Cost: 11 trainings of 800 iterations a seed, and four teachers. Result: docs/results/few_labels.md."""

_SHARE = 'train_dataloader.dataset.keep_labels.share'
_ALONE, _TAUGHT = 'configs/few_labels/cifar10_student.py', 'configs/few_labels/cifar10_taught.py'
points = [
    {'config': _ALONE, _SHARE: 0.1}, {'config': _TAUGHT, _SHARE: 0.1}, {'config': 'configs/few_labels/cifar10_taught_by_10.py', _SHARE: 0.1},
    {'config': _ALONE, _SHARE: 1.0}, {'config': _ALONE, _SHARE: 0.05}, {'config': _TAUGHT, _SHARE: 0.05},
    {'config': 'configs/few_labels/cifar10_taught_by_5.py', _SHARE: 0.05}, {'config': _ALONE, _SHARE: 0.25}, {'config': _TAUGHT, _SHARE: 0.25},
    {'config': 'configs/few_labels/cifar10_taught_by_25.py', _SHARE: 0.25}, {'config': 'configs/few_labels/cifar10_taught_all.py', _SHARE: 1.0}]
labels = {_SHARE: 'labels'}
seeds = [0, 1, 2, 3, 4]
title = 'CIFAR-10 with few labels'
