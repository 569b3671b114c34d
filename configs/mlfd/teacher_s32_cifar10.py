"""Individual teacher of CIFAR-10, a ResNet-10 (32x32); also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_s32_cifar10.py

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/mlfd_cnn32.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/mlfd_s32.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_s32', 'Dataset-specific', 'ResNet-10 (32x32)', 'ResNet-10 / Swin, 32x32'
tasks = dict(cifar10={{_base_.tasks.cifar10}}, _delete_=True)
train_dataloader = {{_base_.cifar10_train_dataloader}}
val_dataloader = {{_base_.cifar10_test_dataloader}}
test_dataloader = {{_base_.cifar10_test_dataloader}}
