"""Baseline: one per-frame network for all action sets, a ResNet-18, one head per data set.

    python tools/train.py configs/mlfd/mt_action_separate.py

Not run here: the data sets are not available. 8 frames and averaged logits: fact sheet 1.3.3 (ours, not given in the paper);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames instead of 192 images; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_action_resnet18.py', '../_base_/datasets/mlfd_action.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_actions', 'Joint model, separate heads', 'ResNet-18 (8 frames)', 'action sets'
