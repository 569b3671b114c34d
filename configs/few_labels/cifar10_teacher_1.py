"""The teacher that knows 1 % of the labels only: a linear layer on the same cached features.

    python tools/train.py configs/few_labels/cifar10_teacher_1.py --with-prerequisites

Cost and result: docs/results/few_labels.md.
"""

_base_ = ['cifar10_teacher.py']
method = 'Teacher of 1 % of the labels'
train_dataloader = dict(dataset=dict(keep_labels=dict(share=0.01)))
