"""Teacher of the comparison: a ResNet-10 with 64, 128, 256 channels on CIFAR-10, 4,000 iterations.

    python tools/train.py configs/catalogue/cifar10_wide.py

Cost: 26 minutes on a shared core. It teaches every row of configs/sweeps/comparison_*.py.
"""

_base_ = ['../_base_/models/few_labels_cnn.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/few_labels.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'comparison', 'Teacher', 'ResNet-10, 64-128-256', 'ResNet-10, 64-128-256'
data_set = 'CIFAR-10 (10,000 / 2,000 images)'
tasks = dict(cifar10={{_base_.tasks.cifar10}}, _delete_=True)
train_dataloader = {{_base_.cifar10_train_dataloader}}
val_dataloader = {{_base_.cifar10_test_dataloader}}
test_dataloader = {{_base_.cifar10_test_dataloader}}
model = dict(net=dict(backbone=dict(channels=(64, 128, 256, 256), stem_width=32)))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
train_cfg = dict(max_iters=4000, val_interval=1000)
