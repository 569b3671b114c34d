"""As student_s32_gtsrb_l1_l2_l3.py, from the joint teacher of GTSRB alone (scope target).

    python tools/train.py configs/mlfd/student_s32_gtsrb_l1_l2_l3_target.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['student_s32_gtsrb_l1_l2_l3.py']
method = 'MLFD, L1+L2+L3, scope target'
model = dict(distiller=dict(teachers=dict(joint=dict(config='configs/mlfd/joint_s32_stride4_gtsrb.py'))))
