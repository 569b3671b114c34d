"""The survey's recipe of Cross-Stitch and NDDR-CNN on NYUD-v2 (fact sheet 4.3): SGD, lr 1e-3, the units 100 times that.

50 passes over 795 images in batches of 8: 4,969 iterations. Ours: momentum, weight decay and poly decay, which the fact
sheet does not cover. The survey's own code overwrites the units' rate with the common one (fact sheet 5.5.1); here it is
kept.
"""
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys={'trunk.units': dict(lr_mult=100.0)}))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=4969, val_interval=990)
