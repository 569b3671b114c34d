"""Joint teacher on all data sets (scope all), fused at the embeddings (S1: embeddings).

    python tools/train.py configs/mlfd/joint_s32_s1.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['../_base_/models/mlfd_joint32.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/mlfd_s32.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'mlfd_s32', 'Joint teacher, s1', 'joint teacher', 'ResNet-10 / Swin, 32x32'
model = dict(net=dict(trunk=dict(
    experts=dict(cifar10=dict(config='configs/mlfd/teacher_s32_cifar10.py'), gtsrb=dict(config='configs/mlfd/teacher_s32_gtsrb.py'), svhn=dict(config='configs/mlfd/teacher_s32_svhn.py')),
    fuse='S1', channels=())))
