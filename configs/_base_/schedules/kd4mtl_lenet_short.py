"""SVHN + Omniglot on a CPU (ours): 8 epochs of 89 iterations, as many decays as kd4mtl_lenet.py has; median of the last 3."""
_base_ = ['kd4mtl_lenet.py']
param_scheduler = [dict(type='StepLR', step_size=36, gamma=0.85, by_epoch=False)]
train_cfg = dict(max_iters=8 * 89)
report = dict(last_epochs=3)
