"""Parts of SVHN and Omniglot: 3,935 + 22,722 images to train on, 1,201 + 4,869 to score.

SVHN: all of train_32x32.mat and of test_32x32.mat, both taken from the official test set. Omniglot: drawers 1-14 and 15-17
of all 1,623 characters. A batch is 256 + 256, an epoch one pass over Omniglot (89 batches). Not comparable with published
numbers.
"""
data_set = 'SVHN (3,935 train, 1,201 val; parts of the official test set) + Omniglot (drawers 1-14, 15-17)'
tasks = dict(
    svhn=dict(type='Classification', num_classes=10, weight=1.0),
    omniglot=dict(type='Classification', num_classes=1623, weight=1.0))

drawers = dict(train=list(range(1, 15)), val=list(range(15, 18)))
svhn_train = dict(type='SVHN', data_root='svhn', split='train')
svhn_val = dict(type='SVHN', data_root='svhn', split='test')
omniglot_train = dict(type='Omniglot', data_root='omniglot', split='train', drawers=drawers)
omniglot_val = dict(type='Omniglot', data_root='omniglot', split='val', drawers=drawers)

train_dataloader = dict(
    batch_size=512, num_workers=0, sampler=dict(type='MixSampler', quotas=[256, 256]),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[svhn_train, omniglot_train]))
val_dataloader = dict(
    batch_size=512, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[svhn_val, omniglot_val]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# A single set: merge this into the loaders above.
svhn_train_dataloader = dict(batch_size=256, sampler=dict(quotas=[256]), dataset=dict(datasets=[svhn_train]))
svhn_val_dataloader = dict(dataset=dict(datasets=[svhn_val]))
omniglot_train_dataloader = dict(batch_size=256, sampler=dict(quotas=[256]), dataset=dict(datasets=[omniglot_train]))
omniglot_val_dataloader = dict(dataset=dict(datasets=[omniglot_val]))
del svhn_train, svhn_val, omniglot_train, omniglot_val, drawers
