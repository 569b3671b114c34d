"""Baseline: one per-frame network for both parts of UTD-MHAD, one head per data set.

    python tools/train.py configs/mlfd/mt_action_utd_separate.py

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['../_base_/models/mlfd_action_cnn64.py', '../_base_/datasets/mlfd_action_utd_halves.py', '../_base_/schedules/mlfd_action_utd.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_action', 'Joint model, separate heads', 'ResNet-10 (64x64, 8 frames)', 'ResNet-10, 64x64, 8 frames'
train_cfg = dict(max_iters=360)
