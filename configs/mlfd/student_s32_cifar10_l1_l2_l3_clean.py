"""As student_s32_cifar10_l1_l2_l3.py, the teacher read from a cache of clean images, with the crop and the flip applied to its maps: approximate.

    python tools/train.py configs/mlfd/student_s32_cifar10_l1_l2_l3_clean.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['student_s32_cifar10_l1_l2_l3.py']
method = 'MLFD, L1+L2+L3, cached (clean)'
teacher_cache = dict(mode='clean')
