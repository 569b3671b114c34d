"""Joint teacher of SVHN alone (scope target): all experts see SVHN, one head; what the authors' code does.

    python tools/train.py configs/mlfd/joint_s32_stride4_svhn.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['joint_s32_stride4.py']
method = 'Joint teacher, stride4, scope target'
tasks = dict(svhn={{_base_.tasks.svhn}}, _delete_=True)
train_dataloader = {{_base_.svhn_train_dataloader}}
val_dataloader = {{_base_.svhn_test_dataloader}}
test_dataloader = {{_base_.svhn_test_dataloader}}
