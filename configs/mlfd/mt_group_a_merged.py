"""Baseline: one ResNet-18 for all of group A, one head of all 1300 classes; predicting another set's class is an error.

    python tools/train.py configs/mlfd/mt_group_a_merged.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_resnet18.py', '../_base_/datasets/mlfd_group_a.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_a', 'Joint model, merged label space', 'ResNet-18', 'group A'
tasks = dict(
    cifar100=dict(offset=0, total=1300),
    tiny_imagenet=dict(offset=100, total=1300),
    sketch=dict(offset=300, total=1300))
model = dict(net=dict(neck=dict(channels=1300), head=dict(type='PassThroughHead')))
