"""Actions of UTD-MHAD from depth, subjects 2, 4, 6 -> 1, 3, 5, 7: a 2D network per frame, logits averaged.

    python tools/train.py configs/mlfd/action_utd_even.py

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['../_base_/models/mlfd_action_cnn64.py', '../_base_/datasets/mlfd_action_utd.py', '../_base_/schedules/mlfd_action_utd.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_action', 'Dataset-specific', 'ResNet-10 (64x64, 8 frames)', 'ResNet-10, 64x64, 8 frames'
data_set = 'UTD-MHAD depth, subjects 2, 4, 6 -> 1, 3, 5, 7'
tasks = dict(utd_even={{_base_.tasks.utd_even}}, _delete_=True)
train_dataloader = {{_base_.even_train_dataloader}}
val_dataloader = {{_base_.even_test_dataloader}}
test_dataloader = {{_base_.even_test_dataloader}}
