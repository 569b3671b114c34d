"""The student of CIFAR-10 with a tenth of the labels, distilled on all images from the teacher trained on all labels: 32 labelled and 32 unlabelled images per batch.

    python tools/train.py configs/few_labels/cifar10_taught.py --with-prerequisites

Weight and temperature were chosen on a held-out tenth of the training images (configs/sweeps/few_labels_search.py).
Cost and result: docs/results/few_labels.md.
"""

_base_ = ['cifar10_student.py']
method = 'Taught by the teacher trained on all labels'
train_dataloader = dict(sampler=dict(labelled=32))
model = dict(distiller=dict(
    teachers=dict(probe=dict(config='configs/few_labels/cifar10_teacher.py')),
    links=[dict(task='cifar10', loss=dict(type='SoftCrossEntropy', tau=2.0), weight=2.0)]))
teacher_cache = dict(mode='clean')
