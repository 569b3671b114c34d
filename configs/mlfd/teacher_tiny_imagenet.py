"""Individual teacher of Tiny-ImageNet, an EfficientNet-B0; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_tiny_imagenet.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_effb0.py', '../_base_/datasets/mlfd_group_a.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_a', 'Dataset-specific', 'EfficientNet-B0', 'group A'
tasks = dict(tiny_imagenet={{_base_.tasks.tiny_imagenet}}, _delete_=True)
train_dataloader = {{_base_.tiny_imagenet_train_dataloader}}
val_dataloader = {{_base_.tiny_imagenet_test_dataloader}}
test_dataloader = {{_base_.tiny_imagenet_test_dataloader}}
