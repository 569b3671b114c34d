"""SVHN + Omniglot with the paper's counts (fact sheet 2.5): 47,217 + 19,476 images to train on, 26,040 + 6,492 to score.

The paper's samples are not known: here, a class-stratified sample of SVHN's training file, and drawers 1-12 / 13-16 of
Omniglot. A batch is 256 + 256, an epoch one pass over SVHN. Scored on the validation sets, as in the paper.
"""
data_set = 'SVHN (47,217 train, 26,040 val) + Omniglot (drawers 1-12, 13-16)'
tasks = dict(
    svhn=dict(type='Classification', num_classes=10, weight=1.0),
    omniglot=dict(type='Classification', num_classes=1623, weight=1.0))

drawers = dict(train=list(range(1, 13)), val=list(range(13, 17)), test=list(range(17, 21)))
svhn_train = dict(type='SVHN', data_root='svhn', split='train', val=26040)
svhn_val = dict(type='SVHN', data_root='svhn', split='val', val=26040)
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
