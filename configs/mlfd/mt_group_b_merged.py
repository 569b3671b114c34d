"""Baseline: one ResNet-18 for all of group B, one head of all 440 classes; predicting another set's class is an error.

    python tools/train.py configs/mlfd/mt_group_b_merged.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_resnet18.py', '../_base_/datasets/mlfd_group_b.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_b', 'Joint model, merged label space', 'ResNet-18', 'group B'
tasks = dict(
    caltech101=dict(offset=0, total=440),
    flowers102=dict(offset=101, total=440),
    cub200=dict(offset=203, total=440),
    pets=dict(offset=403, total=440))
model = dict(net=dict(neck=dict(channels=440), head=dict(type='PassThroughHead')))
