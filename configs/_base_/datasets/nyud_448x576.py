"""NYUD-v2 as in InvPT's code base (fact sheet 2.1, 5.4): 448x576 (divisible by 32), and edges weighted by .95.

Test: native 425x560 padded to 448x576, scored without the padding.
"""
_base_ = ['nyud.py']
crop_size = (448, 576)
tasks = dict(edge=dict(loss=dict(w_pos=0.95)))

train_pipeline = [
    dict(type='RandomScaling', low=0.5, high=2.0),
    dict(type='RandomCrop', size=crop_size),
    dict(type='RandomHFlip'),
    dict(type='PhotoMetricDistortion'),
    dict(type='Pad', size=crop_size),
]
test_pipeline = [dict(type='Pad', size=crop_size)]
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
