"""CIFAR-10, GTSRB and SVHN at 32x32, the subsets that unpack.py writes: 10,000 + 2,613 + 3,935 to train on, 2,000 + 1,200 + 1,201 to score.

A batch of all is 32 + 16 + 16. Not comparable with published numbers: they are parts of the sets, and SVHN's parts are taken
from its official test set.
"""
data_set = 'CIFAR-10 (10,000/2,000), GTSRB (2,613/1,200), SVHN (3,935/1,201) subsets at 32x32'
tasks = dict(
    cifar10=dict(type='Classification', num_classes=10, weight=1.0),
    gtsrb=dict(type='Classification', num_classes=43, weight=1.0),
    svhn=dict(type='Classification', num_classes=10, weight=1.0))

crop = [dict(type='Pad', size=(40, 40)), dict(type='RandomCrop', size=(32, 32), max_share=1.0)]
cifar10_train = dict(type='FolderImages', task='cifar10', name='CIFAR-10', data_root='cifar10', split='train', pipeline=crop + [dict(type='RandomHFlip')])
cifar10_test = dict(type='FolderImages', task='cifar10', name='CIFAR-10', data_root='cifar10', split='test')
gtsrb_train = dict(type='FolderImages', task='gtsrb', name='GTSRB', data_root='gtsrb', split='train', pipeline=crop)
gtsrb_test = dict(type='FolderImages', task='gtsrb', name='GTSRB', data_root='gtsrb', split='test')
svhn_train = dict(type='SVHN', name='SVHN', data_root='svhn', split='train', pipeline=crop)
svhn_test = dict(type='SVHN', name='SVHN', data_root='svhn', split='test')

train_dataloader = dict(
    batch_size=64, num_workers=0, sampler=dict(type='MixSampler', quotas=[32, 16, 16]),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[cifar10_train, gtsrb_train, svhn_train]))
val_dataloader = dict(
    batch_size=256, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[cifar10_test, gtsrb_test, svhn_test]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# A single set: merge this into the loaders above.
cifar10_train_dataloader = dict(sampler=dict(quotas=[64]), dataset=dict(datasets=[cifar10_train]))
cifar10_test_dataloader = dict(dataset=dict(datasets=[cifar10_test]))
gtsrb_train_dataloader = dict(sampler=dict(quotas=[64]), dataset=dict(datasets=[gtsrb_train]))
gtsrb_test_dataloader = dict(dataset=dict(datasets=[gtsrb_test]))
svhn_train_dataloader = dict(sampler=dict(quotas=[64]), dataset=dict(datasets=[svhn_train]))
svhn_test_dataloader = dict(dataset=dict(datasets=[svhn_test]))
del cifar10_train, cifar10_test, gtsrb_train, gtsrb_test, svhn_train, svhn_test, crop
