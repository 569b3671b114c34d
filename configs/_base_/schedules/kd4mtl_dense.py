"""NYUv2 and Cityscapes (fact sheet 1.2.3): Adam 1e-4, halved at epoch 100 (at its end), 200 epochs."""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = [dict(type='MultiStepLR', milestones=[100], gamma=0.5, by_epoch=True)]
train_cfg = dict(type='TrainLoop', max_epochs=200)
