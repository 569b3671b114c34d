"""Baseline: one network for all data sets, one head of all 63 classes; predicting another set's class is an error.

    python tools/train.py configs/mlfd/mt_s32_merged.py

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/mlfd_cnn32.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/mlfd_s32.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_s32', 'Joint model, merged label space', 'ResNet-10 (32x32)', 'ResNet-10 / Swin, 32x32'
tasks = dict(
    cifar10=dict(offset=0, total=63),
    gtsrb=dict(offset=10, total=63),
    svhn=dict(offset=53, total=63))
model = dict(net=dict(neck=dict(channels=63), head=dict(type='PassThroughHead')))
