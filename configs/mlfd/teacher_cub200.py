"""Individual teacher of CUB-200, an SE-ResNeXt-26t; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_cub200.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_seresnext26t.py', '../_base_/datasets/mlfd_group_b.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_b', 'Dataset-specific', 'SE-ResNeXt-26t', 'group B'
tasks = dict(cub200={{_base_.tasks.cub200}}, _delete_=True)
train_dataloader = {{_base_.cub200_train_dataloader}}
val_dataloader = {{_base_.cub200_test_dataloader}}
test_dataloader = {{_base_.cub200_test_dataloader}}
