"""Individual teacher of ImageNet-Sketch, an SE-ResNeXt-26t; also the data-set-specific baseline.

    python tools/train.py configs/mlfd/teacher_sketch.py

Not run here: the data sets are not available. Protocol: the authors' code, fact sheet 1.3.2; 224 pixels, from scratch.
"""

_base_ = ['../_base_/models/mlfd_seresnext26t.py', '../_base_/datasets/mlfd_group_a.py', '../_base_/schedules/mlfd_200epochs.py', '../_base_/runtime/default.py']
suite, method, student, backbone = 'mlfd_group_a', 'Dataset-specific', 'SE-ResNeXt-26t', 'group A'
tasks = dict(sketch={{_base_.tasks.sketch}}, _delete_=True)
train_dataloader = {{_base_.sketch_train_dataloader}}
val_dataloader = {{_base_.sketch_test_dataloader}}
test_dataloader = {{_base_.sketch_test_dataloader}}
