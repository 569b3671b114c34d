"""Individual teacher of Flowers-102, an EfficientNet-B0; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_flowers102.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_effb0.py', '../_base_/datasets/mlfd_group_b.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_b', 'Dataset-specific', 'EfficientNet-B0', 'group B'
tasks = dict(flowers102={{_base_.tasks.flowers102}}, _delete_=True)
train_dataloader = {{_base_.flowers102_train_dataloader}}
val_dataloader = {{_base_.flowers102_test_dataloader}}
test_dataloader = {{_base_.flowers102_test_dataloader}}
