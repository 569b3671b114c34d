"""Individual teacher of Caltech-101, a ResNet-18; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_caltech101.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_resnet18.py', '../_base_/datasets/mlfd_group_b.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_b', 'Dataset-specific', 'ResNet-18', 'group B'
tasks = dict(caltech101={{_base_.tasks.caltech101}}, _delete_=True)
train_dataloader = {{_base_.caltech101_train_dataloader}}
val_dataloader = {{_base_.caltech101_test_dataloader}}
test_dataloader = {{_base_.caltech101_test_dataloader}}
