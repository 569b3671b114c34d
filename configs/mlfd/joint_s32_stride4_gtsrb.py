"""Joint teacher of GTSRB alone (scope target): all experts see GTSRB, one head; what the authors' code does.

    python tools/train.py configs/mlfd/joint_s32_stride4_gtsrb.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['joint_s32_stride4.py']
method = 'Joint teacher, stride4, scope target'
tasks = dict(gtsrb={{_base_.tasks.gtsrb}}, _delete_=True)
train_dataloader = {{_base_.gtsrb_train_dataloader}}
val_dataloader = {{_base_.gtsrb_test_dataloader}}
test_dataloader = {{_base_.gtsrb_test_dataloader}}
