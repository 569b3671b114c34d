"""A teacher of GTSRB's labels: a ResNet-10 with 32, 64, 128 channels, from scratch on all 2,613 images.

    python tools/train.py configs/few_labels/teacher_gtsrb.py

Cost and result: docs/results/few_labels_three_sets.md.
"""

_base_ = '_base_/teacher_of_one_set.py'
data_set = 'GTSRB (2,613 / 1,200 pictures)'
tasks = dict(gtsrb={{_base_.tasks.gtsrb}}, _delete_=True)
train_dataloader = {{_base_.gtsrb_train_dataloader}}
val_dataloader = {{_base_.gtsrb_test_dataloader}}
test_dataloader = {{_base_.gtsrb_test_dataloader}}
