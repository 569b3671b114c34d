"""CIFAR-10, GTSRB and SVHN at 32x32 with part of each set's labels: the subsets that unpack.py writes; not comparable with published numbers.

`keep_labels` sets which images keep their label (a fraction of each class, the same for every seed of a run). A batch is 32
+ 16 + 16 images; `labelled` is the number of labelled images of each set: all of them, or half.
"""
_base_ = ['mlfd_s32.py']
data_set = 'CIFAR-10, GTSRB and SVHN (10,000 + 2,613 + 3,935 pictures), part of the labels'
_keep = dict(share=0.1, seed=0)
_crop = [dict(type='Pad', size=(40, 40)), dict(type='RandomCrop', size=(32, 32), max_share=1.0)]
_flip = [dict(type='RandomHFlip')]
train_dataloader = dict(
    sampler=dict(labelled=[32, 16, 16]),
    dataset=dict(datasets=[
        dict(type='FolderImages', task='cifar10', name='CIFAR-10', data_root='cifar10', split='train', keep_labels=_keep, pipeline=_crop + _flip),
        dict(type='FolderImages', task='gtsrb', name='GTSRB', data_root='gtsrb', split='train', keep_labels=_keep, pipeline=_crop),
        dict(type='SVHN', name='SVHN', data_root='svhn', split='train', keep_labels=_keep, pipeline=_crop)]))
