"""Student of CIFAR-100, a ResNet-18, from the joint teacher S7 at L1+L2: .2 CE + .6 soft CE (tau 2) + .2 MSE over the levels.

    python tools/train.py configs/mlfd/student_cifar100_l1_l2.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['teacher_cifar100.py']
method = 'MLFD, S7, L1+L2'
tasks = dict(cifar100=dict(weight=0.2))
model = dict(distiller=dict(
    teachers=dict(joint=dict(config='configs/mlfd/joint_group_a_s7.py')),
    links=[
        dict(task='cifar100', loss=dict(type='SoftCrossEntropy', tau=2.0), weight=0.6),
        dict(task='cifar100', loss=dict(type='FitNets'), name='L1', student='shared', teacher=':shared', resize='pool', weight=0.2 / 2, projector=dict(type='Linear1x1')),
        dict(task='cifar100', loss=dict(type='FitNets'), name='L2', student='trunk.2', teacher=':maps1', resize='pool', weight=0.2 / 2)]))
