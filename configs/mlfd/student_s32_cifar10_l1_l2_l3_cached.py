"""As student_s32_cifar10_l1_l2_l3.py, the teacher read from a cache of four views of every sample.

    python tools/train.py configs/mlfd/student_s32_cifar10_l1_l2_l3_cached.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['student_s32_cifar10_l1_l2_l3.py']
method = 'MLFD, L1+L2+L3, cached (4 views)'
teacher_cache = dict(mode='views', views=4)
