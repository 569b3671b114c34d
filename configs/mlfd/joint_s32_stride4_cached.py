"""Joint teacher on all data sets, fused at stride 4, trained from cached experts: two views of every sample.

    python tools/train.py configs/mlfd/joint_s32_stride4_cached.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['joint_s32_stride4.py']
method = 'Joint teacher, stride4, cached experts (2 views)'
teacher_cache = dict(mode='views', views=2)
