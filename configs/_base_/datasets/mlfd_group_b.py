"""MLFD's group B at 224x224: Caltech-101, Flowers-102, CUB-200 and Oxford-Pets; a batch of all is 48 of each.

The authors augment with AutoAugment; here: flips and colour jitter. Resized to a square, as in their code.
"""
data_set = 'Caltech-101, Flowers-102, CUB-200 and Oxford-Pets (MLFD splits)'
tasks = dict(
    caltech101=dict(type='Classification', num_classes=101, weight=1.0),
    flowers102=dict(type='Classification', num_classes=102, weight=1.0),
    cub200=dict(type='Classification', num_classes=200, weight=1.0),
    pets=dict(type='Classification', num_classes=37, weight=1.0),
)
train_pipeline = [dict(type='Resize', size=(224, 224)), dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]
test_pipeline = [dict(type='Resize', size=(224, 224))]
caltech101_train = dict(type='TorchvisionImages', source='Caltech101', protocol='mlfd', task='caltech101', name='Caltech-101', data_root='caltech101', size=224, split='train', pipeline=train_pipeline)
caltech101_test = dict(type='TorchvisionImages', source='Caltech101', protocol='mlfd', task='caltech101', name='Caltech-101', data_root='caltech101', size=224, split='val', pipeline=test_pipeline)
flowers102_train = dict(type='TorchvisionImages', source='Flowers102', protocol='mlfd', task='flowers102', name='Flowers-102', data_root='flowers102', size=224, split='train', pipeline=train_pipeline)
flowers102_test = dict(type='TorchvisionImages', source='Flowers102', protocol='mlfd', task='flowers102', name='Flowers-102', data_root='flowers102', size=224, split='val', pipeline=test_pipeline)
cub200_train = dict(type='CUB200', protocol='mlfd', task='cub200', name='CUB-200', data_root='CUB_200_2011', split='train', pipeline=train_pipeline)
cub200_test = dict(type='CUB200', protocol='mlfd', task='cub200', name='CUB-200', data_root='CUB_200_2011', split='val', pipeline=test_pipeline)
pets_train = dict(type='TorchvisionImages', source='OxfordIIITPet', protocol='mlfd', task='pets', name='Oxford-Pets', data_root='pets', size=224, split='train', pipeline=train_pipeline)
pets_test = dict(type='TorchvisionImages', source='OxfordIIITPet', protocol='mlfd', task='pets', name='Oxford-Pets', data_root='pets', size=224, split='val', pipeline=test_pipeline)

train_dataloader = dict(
    batch_size=192, num_workers=8, persistent_workers=True, sampler=dict(type='MixSampler', quotas=[48, 48, 48, 48]),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[caltech101_train, flowers102_train, cub200_train, pets_train]))
val_dataloader = dict(
    batch_size=192, num_workers=8, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[caltech101_test, flowers102_test, cub200_test, pets_test]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# A single set: merge this into the loaders above.
caltech101_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[caltech101_train]))
caltech101_test_dataloader = dict(dataset=dict(datasets=[caltech101_test]))
flowers102_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[flowers102_train]))
flowers102_test_dataloader = dict(dataset=dict(datasets=[flowers102_test]))
cub200_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[cub200_train]))
cub200_test_dataloader = dict(dataset=dict(datasets=[cub200_test]))
pets_train_dataloader = dict(sampler=dict(quotas=[192]), dataset=dict(datasets=[pets_train]))
pets_test_dataloader = dict(dataset=dict(datasets=[pets_test]))
del caltech101_train, caltech101_test, flowers102_train, flowers102_test, cub200_train, cub200_test, pets_train, pets_test, train_pipeline, test_pipeline
