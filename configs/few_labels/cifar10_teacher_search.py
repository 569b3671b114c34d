"""The teacher trained on all labels for the search: a tenth of the training images is held out and replaces the test images.

    python tools/train.py configs/few_labels/cifar10_teacher_search.py --with-prerequisites
"""

_base_ = ['cifar10_teacher.py']
suite, method = 'few_labels_search', 'Teacher of all labels'
train_dataloader = dict(dataset=dict(name='CIFAR-10 without a tenth', val=0.1))
val_dataloader = dict(dataset=dict(split='val', val=0.1))
test_dataloader = dict(dataset=dict(split='val', val=0.1))
