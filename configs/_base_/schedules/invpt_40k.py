"""InvPT's recipe (fact sheet 4.3): Adam, lr 2e-5, weight decay 1e-6, poly decay of power 0.9, 40,000 iterations.

The batch size is 6, 2 on each of 3 GPUs; it is set in the data set configs.
"""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-5, weight_decay=1e-6))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=40000, val_interval=1000)
