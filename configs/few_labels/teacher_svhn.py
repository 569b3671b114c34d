"""A teacher of SVHN's labels: a ResNet-10 with 32, 64, 128 channels, from scratch on all 3,935 images.

    python tools/train.py configs/few_labels/teacher_svhn.py

Cost and result: docs/results/few_labels_three_sets.md.
"""

_base_ = '_base_/teacher_of_one_set.py'
data_set = 'SVHN (3,935 / 1,201 pictures)'
tasks = dict(svhn={{_base_.tasks.svhn}}, _delete_=True)
train_dataloader = {{_base_.svhn_train_dataloader}}
val_dataloader = {{_base_.svhn_test_dataloader}}
test_dataloader = {{_base_.svhn_test_dataloader}}
