"""Individual teacher of the first part of UTD-MHAD (actions 1-14), a ResNet-10 per frame; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/action_utd_first.py

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['../_base_/models/mlfd_action_cnn64.py', '../_base_/datasets/mlfd_action_utd_halves.py', '../_base_/schedules/mlfd_action_utd.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_action', 'Dataset-specific', 'ResNet-10 (64x64, 8 frames)', 'ResNet-10, 64x64, 8 frames'
train_cfg = dict(max_iters=360)
tasks = dict(utd_first={{_base_.tasks.utd_first}}, _delete_=True)
train_dataloader = {{_base_.first_train_dataloader}}
val_dataloader = {{_base_.first_test_dataloader}}
test_dataloader = {{_base_.first_test_dataloader}}
