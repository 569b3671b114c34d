"""SVHN + Omniglot on a CPU (ours): Adam 2e-3, x.85 each of 12 epochs of 89 iterations; median of the last 3."""
_base_ = ['kd4mtl_lenet.py']
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [dict(type='StepLR', step_size=89, gamma=0.85, by_epoch=False)]
train_cfg = dict(max_iters=12 * 89)
report = dict(last_epochs=3)
