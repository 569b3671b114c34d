"""Joint teacher of group A, variant S1, on all data sets (scope all).

    python tools/train.py configs/mlfd/joint_group_a_s1.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_joint.py', '../_base_/datasets/mlfd_group_a.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_a', 'Joint teacher, S1', 'joint teacher', 'group A'
model = dict(net=dict(
    trunk=dict(fuse='S1', channels=(), experts=dict(
        cifar100=dict(config='configs/mlfd/teacher_cifar100.py'),
        tiny_imagenet=dict(config='configs/mlfd/teacher_tiny_imagenet.py'),
        sketch=dict(config='configs/mlfd/teacher_sketch.py'))),
    head=dict(dropout=0.9)))
