"""Joint teacher of group B, variant S7, on all data sets (scope all).

    python tools/train.py configs/mlfd/joint_group_b_s7.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_joint.py', '../_base_/datasets/mlfd_group_b.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_b', 'Joint teacher, S7', 'joint teacher', 'group B'
model = dict(net=dict(
    trunk=dict(fuse='S7', channels=(512,), experts=dict(
        caltech101=dict(config='configs/mlfd/teacher_caltech101.py'),
        flowers102=dict(config='configs/mlfd/teacher_flowers102.py'),
        cub200=dict(config='configs/mlfd/teacher_cub200.py'),
        pets=dict(config='configs/mlfd/teacher_pets.py'))),
    head=dict(dropout=0.5)))
