"""MTFormer, four tasks (approximate): Swin blocks shared and per task, attention across tasks; Swin-S, NYUD-v2, 425x560.

    python tools/train.py configs/baselines/mtformer_swinS_nyud.py

Recipe: the released one (fact sheet 4.3): AdamW 5e-5, weight decay 1e-4, poly decay of power 0.9 by epoch, 100 epochs of
batch 4, drop path 0.3, losses 10 L / e^s + s with s from 0, 0.01 times the contrast between the tasks; images and
augmentation are the baseline's. The release has two tasks: mtformer_swinS_nyud_2tasks.py. 82.60 M parameters.
Cost: docs/mechanisms/networks.md. Result: not run at this size by us; every config is tried with --smoke in the tests.
"""

_base_ = ['mt_swinS_nyud.py']
method = 'MTFormer (approx.)'
# 10 L / e^s + s is twice what Uncertainty gives of 10 L; AdamW is invariant to a factor, so the contrast weight is halved as well
tasks = dict(semseg=dict(weight=10.0), depth=dict(weight=10.0), normals=dict(weight=100.0), edge=dict(weight=500.0))
model = dict(
    net=dict(
        backbone=dict(out_indices=(1, 2, 3), drop_path_rate=0.3),
        neck=dict(type='MTFormerNeck'),
        head=dict(_delete_=True, type='PointwiseHead')),
    balance=dict(_delete_=True, type='Uncertainty', form='mtan', init=0.0),
    distiller=dict(teachers=dict(), links=dict(between_tasks=dict(samples=795, weight=0.005))))
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=5e-5, weight_decay=1e-4))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=True, end=100)]
train_cfg = dict(_delete_=True, type='TrainLoop', max_epochs=100, val_interval=1990)
