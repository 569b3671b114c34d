"""Student of ImageNet-Sketch, an SE-ResNeXt-26t, from the joint teacher S14 at L1+L2+L3: .2 CE + .6 soft CE (tau 2) + .2 MSE over the levels.

    python tools/train.py configs/mlfd/student_sketch_l1_l2_l3.py --with-prerequisites

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['teacher_sketch.py']
method = 'MLFD, S14, L1+L2+L3'
tasks = dict(sketch=dict(weight=0.2))
model = dict(distiller=dict(
    teachers=dict(joint=dict(config='configs/mlfd/joint_group_a_s14.py')),
    links=[
        dict(task='sketch', loss=dict(type='SoftCrossEntropy', tau=2.0), weight=0.6),
        dict(task='sketch', loss=dict(type='FitNets'), name='L1', student='shared', teacher=':shared', resize='pool', weight=0.2 / 3, projector=dict(type='Linear1x1')),
        dict(task='sketch', loss=dict(type='FitNets'), name='L2', student='trunk.2', teacher=':maps2', resize='pool', weight=0.2 / 3, projector=dict(type='Linear1x1')),
        dict(task='sketch', loss=dict(type='FitNets'), name='L3', student='trunk.1', teacher=':maps1', resize='pool', weight=0.2 / 3, projector=dict(type='Linear1x1'))]))
