"""Individual teacher of CIFAR-100, a ResNet-18; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_cifar100.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_resnet18.py', '../_base_/datasets/mlfd_group_a.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_a', 'Dataset-specific', 'ResNet-18', 'group A'
model = dict(data_preprocessor=dict(mean=(129.387, 124.109, 112.481), std=(68.213, 65.408, 70.406)))
tasks = dict(cifar100={{_base_.tasks.cifar100}}, _delete_=True)
train_dataloader = {{_base_.cifar100_train_dataloader}}
val_dataloader = {{_base_.cifar100_test_dataloader}}
test_dataloader = {{_base_.cifar100_test_dataloader}}
