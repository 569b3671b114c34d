"""Joint teacher of CIFAR-10 alone (scope target): all experts see CIFAR-10, one head; what the authors' code does.

    python tools/train.py configs/mlfd/joint_s32_stride4_cifar10.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['joint_s32_stride4.py']
method = 'Joint teacher, stride4, scope target'
tasks = dict(cifar10={{_base_.tasks.cifar10}}, _delete_=True)
train_dataloader = {{_base_.cifar10_train_dataloader}}
val_dataloader = {{_base_.cifar10_test_dataloader}}
test_dataloader = {{_base_.cifar10_test_dataloader}}
