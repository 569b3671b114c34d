"""CIFAR-10 at 32x32 with part of the labels: the 10,000 + 2,000 images that unpack.py writes; not comparable with published numbers.

`keep_labels` sets which images keep their label (a fraction of each class, the same for every seed of a run); a batch
contains `labelled` of those; the rest are images whose label is hidden. None: labelled images only.
"""
data_set = 'CIFAR-10 (10,000 / 2,000 pictures), part of the labels'
tasks = dict(cifar10=dict(type='Classification', num_classes=10, weight=1.0))
train_dataloader = dict(
    batch_size=64, num_workers=0, sampler=dict(type='LabelledSampler', labelled=None),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='FolderImages', task='cifar10', name='CIFAR-10', data_root='cifar10', split='train',
                 keep_labels=dict(share=0.1, seed=0),
                 pipeline=[dict(type='Pad', size=(40, 40)), dict(type='RandomCrop', size=(32, 32), max_share=1.0), dict(type='RandomHFlip')]))
val_dataloader = dict(
    batch_size=250, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='FolderImages', task='cifar10', name='CIFAR-10', data_root='cifar10', split='test'))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')
