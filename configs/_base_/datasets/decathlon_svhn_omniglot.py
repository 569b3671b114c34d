"""SVHN + Omniglot from the Visual Decathlon (fact sheet 2.5): the paper's own splits, at 32x32.

`decathlon/` contains the release in folders (`decathlon-1.0-data/`); for the release with COCO annotations
(`decathlon-1.0/`) add layout='coco'. A batch is 256 + 256, an epoch one pass over SVHN. Scored on the validation sets: the
labels of the test sets are withheld. Omniglot keeps the release's own colours.
"""
data_set = 'Visual Decathlon: SVHN (47,217 train, 26,040 val) + Omniglot (19,476 train, 6,492 val), 32x32'
tasks = dict(
    svhn=dict(type='Classification', num_classes=10, weight=1.0),
    omniglot=dict(type='Classification', num_classes=1623, weight=1.0))

svhn_train = dict(type='Decathlon', name='svhn', data_root='decathlon', split='train', size=32)
svhn_val = dict(type='Decathlon', name='svhn', data_root='decathlon', split='val', size=32)
omniglot_train = dict(type='Decathlon', name='omniglot', data_root='decathlon', split='train', size=32)
omniglot_val = dict(type='Decathlon', name='omniglot', data_root='decathlon', split='val', size=32)

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
del svhn_train, svhn_val, omniglot_train, omniglot_val
