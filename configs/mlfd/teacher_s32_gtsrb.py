"""Individual teacher of GTSRB, a Swin (32x32); also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_s32_gtsrb.py

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/mlfd_swin32.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/mlfd_s32.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_s32', 'Dataset-specific', 'Swin (32x32)', 'ResNet-10 / Swin, 32x32'
tasks = dict(gtsrb={{_base_.tasks.gtsrb}}, _delete_=True)
train_dataloader = {{_base_.gtsrb_train_dataloader}}
val_dataloader = {{_base_.gtsrb_test_dataloader}}
test_dataloader = {{_base_.gtsrb_test_dataloader}}
