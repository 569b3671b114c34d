"""SVHN + Omniglot (fact sheet 1.2.3): Adam, x.85 every 15 epochs, 300 epochs of 184 iterations; median of the last 20 epochs.

The base learning rate is ours: the paper states none.
"""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [dict(type='StepLR', step_size=15 * 184, gamma=0.85, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=300 * 184)
report = dict(last_epochs=20, statistic='median')
