"""Student of CIFAR-10, its teacher's architecture, distilled from the joint teacher at L1+L2: .2 CE + .6 soft CE (tau 2) + .2 MSE over the levels.

    python tools/train.py configs/mlfd/student_s32_cifar10_l1_l2.py --with-prerequisites

The subsets of CIFAR-10, GTSRB and SVHN that `unpack.py` writes; networks, schedule and augmentation are ours.
Cost and result: none published; the runs of this setting decided nothing (CHANGELOG.md).
"""

_base_ = ['teacher_s32_cifar10.py']
method = 'MLFD, L1+L2'
tasks = dict(cifar10=dict(weight=0.2))
model = dict(distiller=dict(
    teachers=dict(joint=dict(config='configs/mlfd/joint_s32_stride4.py')),
    links=[
        dict(task='cifar10', loss=dict(type='SoftCrossEntropy', tau=2.0), weight=0.6),
        dict(task='cifar10', loss=dict(type='FitNets'), name='L1', student='shared', teacher=':shared', resize='pool', weight=0.2 / 2),
        dict(task='cifar10', loss=dict(type='FitNets'), name='L2', student='trunk.2', teacher=':maps2', resize='pool', weight=0.2 / 2)]))
