"""The taught student for the search of its weight and temperature: a tenth of the training images is held out and scored.

    python tools/train.py configs/few_labels/cifar10_taught_search.py --with-prerequisites
    python tools/sweep.py configs/sweeps/few_labels_search.py --data-root data
"""

_base_ = ['cifar10_taught.py']
suite = 'few_labels_search'
train_dataloader = dict(dataset=dict(name='CIFAR-10 without a tenth', val=0.1))
val_dataloader = dict(dataset=dict(split='val', val=0.1))
test_dataloader = dict(dataset=dict(split='val', val=0.1))
model = dict(distiller=dict(teachers=dict(probe=dict(config='configs/few_labels/cifar10_teacher_search.py'))))
