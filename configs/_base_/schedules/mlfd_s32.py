"""Small images on a CPU (ours): AdamW 2e-3, weight decay 0.05, cosine to 0, 900 iterations of 64."""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=900)
