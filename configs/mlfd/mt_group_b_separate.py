"""Baseline: one ResNet-18 for all of group B, one head per data set.

    python tools/train.py configs/mlfd/mt_group_b_separate.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_resnet18.py', '../_base_/datasets/mlfd_group_b.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_b', 'Joint model, separate heads', 'ResNet-18', 'group B'
