"""The student of three sets with a tenth of the labels, distilled on all images from a teacher of each set: half of a batch has labels.

    python tools/train.py configs/few_labels/three_sets_taught.py --with-prerequisites

Three teachers of different networks, inputs and label sets; each sees only its own set's images. Cost and result:
docs/results/few_labels_three_sets.md.
"""

_base_ = ['three_sets_student.py']
method = 'Taught by a teacher of each set'
train_dataloader = dict(sampler=dict(labelled=[16, 8, 8]))
model = dict(distiller=dict(
    teachers=dict(
        probe=dict(config='configs/few_labels/cifar10_teacher.py'),
        signs=dict(config='configs/few_labels/teacher_gtsrb.py'),
        numbers=dict(config='configs/few_labels/teacher_svhn.py')),
    links=[dict(teacher=teacher, task=task, loss=dict(type='SoftCrossEntropy', tau=2.0), weight=2.0)
           for teacher, task in (('probe', 'cifar10'), ('signs', 'gtsrb'), ('numbers', 'svhn'))]))
teacher_cache = dict(mode='clean')
