"""Baseline: one per-frame network for all action sets, a ResNet-18, one head of all 352 actions; predicting another set's action is an error.

    python tools/train.py configs/mlfd/mt_action_merged.py

Not run here: the data sets are not available. 8 frames and averaged logits: fact sheet 1.3.3 (ours, not given in the paper);
schedule: the authors' basic one (1.3.2), 24 clips of 8 frames instead of 192 images; 224 pixels, from scratch.
"""

_base_ = ['mt_action_separate.py']
method = 'Joint model, merged label space'
tasks = dict(
    ucf101=dict(offset=0, total=352),
    hmdb51=dict(offset=101, total=352),
    activitynet=dict(offset=152, total=352))
model = dict(net=dict(trunk=dict(neck=dict(channels=352)), head=dict(head=dict(type='PassThroughHead'))))
