"""NYUv2 on a CPU (ours): Adam 1e-3, halved half-way, 6 epochs."""
_base_ = ['kd4mtl_dense.py']
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [dict(type='MultiStepLR', milestones=[3], gamma=0.5, by_epoch=True)]
train_cfg = dict(max_epochs=6)
