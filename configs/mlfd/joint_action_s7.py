"""Joint teacher of the action sets, variant S7 on maps averaged over time, on all data sets (scope all).

    python tools/train.py configs/mlfd/joint_action_s7.py --with-prerequisites

Not run here: the data sets are not available. 8 frames and averaged logits: fact sheet 1.3.3 (ours, not given in the paper);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames instead of 192 images; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_joint.py', '../_base_/datasets/mlfd_action.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_actions', 'Joint teacher, S7', 'joint teacher', 'action sets'
model = dict(net=dict(
    trunk=dict(fuse='S7', channels=(512,), experts=dict(
        ucf101=dict(config='configs/mlfd/action_ucf101.py'),
        hmdb51=dict(config='configs/mlfd/action_hmdb51.py'),
        activitynet=dict(config='configs/mlfd/action_activitynet.py'))),
    head=dict(dropout=0.5)))
