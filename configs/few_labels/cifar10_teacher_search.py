"""The teacher of all labels for the search: a tenth of the training pictures is held out, and scored in place of the test pictures.

    python tools/train.py configs/few_labels/cifar10_teacher_search.py --with-prerequisites
"""

_base_ = ['cifar10_teacher.py']
suite, method = 'few_labels_search', 'Teacher of all labels'
train_dataloader = dict(dataset=dict(name='CIFAR-10 without a tenth', val=0.1))
val_dataloader = dict(dataset=dict(split='val', val=0.1))
test_dataloader = dict(dataset=dict(split='val', val=0.1))
