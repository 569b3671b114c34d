"""Control: as cifar10_taught.py, with 10 % of the labels and a teacher trained on these labels only.

    python tools/train.py configs/few_labels/cifar10_taught_by_10.py --with-prerequisites

Cost and result: docs/results/few_labels.md.
"""

_base_ = ['cifar10_taught.py']
method = 'Taught by the teacher of the same labels'
train_dataloader = dict(dataset=dict(keep_labels=dict(share=0.1)))
model = dict(distiller=dict(teachers=dict(probe=dict(config='configs/few_labels/cifar10_teacher_10.py'))))
