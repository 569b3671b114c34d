"""Baseline: one network for all data sets, one head per data set.

    python tools/train.py configs/mlfd/mt_s32_separate.py

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/mlfd_cnn32.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/mlfd_s32.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_s32', 'Joint model, separate heads', 'ResNet-10 (32x32)', 'ResNet-10 / Swin, 32x32'
