"""Student of the first part of UTD-MHAD (actions 1-14), its teacher's architecture, from the joint teacher at L1+L2: .2 CE + .6 soft CE (tau 2) + .2 MSE over the levels.

    python tools/train.py configs/mlfd/student_action_utd_first_l1_l2.py --with-prerequisites

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['action_utd_first.py']
method = 'MLFD, L1+L2'
tasks = dict(utd_first=dict(weight=0.2))
model = dict(distiller=dict(
    teachers=dict(joint=dict(config='configs/mlfd/joint_action_utd.py')),
    links=[
        dict(task='utd_first', loss=dict(type='SoftCrossEntropy', tau=2.0), weight=0.6),
        dict(task='utd_first', loss=dict(type='FitNets'), name='L1', student='shared', teacher=':shared', resize='pool', weight=0.2 / 2),
        dict(task='utd_first', loss=dict(type='FitNets'), name='L2', student='trunk.2', teacher=':maps2', resize='pool', weight=0.2 / 2)]))
