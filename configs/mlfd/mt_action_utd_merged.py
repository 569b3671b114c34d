"""Baseline: one per-frame network for both parts of UTD-MHAD, one head of all 27 actions; predicting the other part's action is an error.

    python tools/train.py configs/mlfd/mt_action_utd_merged.py

UTD-MHAD's depth clips as `unpack.py` writes them; networks, schedule and augmentation are ours (fact sheet 1.3.3).
Run: docs/papers/mlfd.md.
"""

_base_ = ['mt_action_utd_separate.py']
method = 'Joint model, merged label space'
tasks = dict(
    utd_first=dict(offset=0, total=27),
    utd_second=dict(offset=14, total=27))
model = dict(net=dict(trunk=dict(neck=dict(channels=27)), head=dict(head=dict(type='PassThroughHead'))))
