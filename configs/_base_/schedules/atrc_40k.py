"""The ATRC code base's recipe (fact sheet 1.1.4): SGD, poly decay of power 0.9 per iteration, 40,000 iterations."""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=5e-4))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=40000, val_interval=990)
