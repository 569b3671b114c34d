"""Students of the catalogue: a narrow ResNet-10 on CIFAR-10 alone, without distillation.

    python tools/train.py configs/catalogue/cifar10_narrow.py

The subset of CIFAR-10 that `unpack.py` writes; not tuned, not compared.
"""

_base_ = ['../_base_/models/mlfd_cnn32.py', '../_base_/datasets/mlfd_s32.py', '../_base_/schedules/mlfd_s32.py', '../_base_/runtime/short.py']
suite, method, student, backbone = 'catalogue', 'alone', 'ResNet-10 (32x32)', 'ResNet-10, 32x32'
data_set = 'CIFAR-10 (10,000/2,000) subset at 32x32'
tasks = dict(cifar10={{_base_.tasks.cifar10}}, _delete_=True)
train_dataloader = {{_base_.cifar10_train_dataloader}}
val_dataloader = {{_base_.cifar10_test_dataloader}}
test_dataloader = {{_base_.cifar10_test_dataloader}}
