"""Student of ActivityNet, an SE-ResNeXt-26t per frame, from the joint teacher S7 at L1+L2: .2 CE + .6 soft CE (tau 2) + .2 MSE over the levels.

    python tools/train.py configs/mlfd/student_action_activitynet_l1_l2.py --with-prerequisites

Not run here: the data sets are not available. 8 frames and averaged logits: fact sheet 1.3.3 (ours, not given in the paper);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames instead of 192 images; 224 pixels, from scratch.
"""

_base_ = ['action_activitynet.py']
method = 'MLFD, S7, L1+L2'
tasks = dict(activitynet=dict(weight=0.2))
model = dict(distiller=dict(
    teachers=dict(joint=dict(config='configs/mlfd/joint_action_s7.py')),
    links=[
        dict(task='activitynet', loss=dict(type='SoftCrossEntropy', tau=2.0), weight=0.6),
        dict(task='activitynet', loss=dict(type='FitNets'), name='L1', student='shared', teacher=':shared', resize='pool', weight=0.2 / 2, projector=dict(type='Linear1x1')),
        dict(task='activitynet', loss=dict(type='FitNets'), name='L2', student='trunk.2', teacher=':maps1', resize='pool', weight=0.2 / 2, projector=dict(type='Linear1x1'))]))
