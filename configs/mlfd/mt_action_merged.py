"""Baseline: one network of frames for the action sets, a ResNet-18, one head of all 352 actions; another set's action is wrong.

    python tools/train.py configs/mlfd/mt_action_merged.py

Not run here: the data sets are not at hand. 8 frames and averaged logits: fact sheet 1.3.3 (ours, the paper says nothing);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames in place of 192 pictures; 224 pixels, from scratch.
"""

_base_ = ['mt_action_separate.py']
method = 'Joint model, merged label space'
tasks = dict(
    ucf101=dict(offset=0, total=352),
    hmdb51=dict(offset=101, total=352),
    activitynet=dict(offset=152, total=352))
model = dict(net=dict(trunk=dict(neck=dict(channels=352)), head=dict(head=dict(type='PassThroughHead'))))
