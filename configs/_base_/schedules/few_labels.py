"""Small images on a CPU (ours): AdamW 3e-3, weight decay 0.05, cosine to 0, 800 iterations."""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=3e-3, weight_decay=0.05))
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=800)
