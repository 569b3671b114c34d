"""MLFD's action sets at 224x224, 8 frames a clip: UCF-101 and HMDB-51 (division 1), ActivityNet 1.3 (trimmed instances).

A batch of all is 8 of each, 192 frames: as many images as in the image groups. Frames: one from each of 8 equal segments,
random in training, the central one in tests (ours, fact sheet 1.3.3). Flips and colour jitter as in group A, the same for
all frames of a clip. Videos of ActivityNet that are no longer available are skipped.
"""
data_set = 'UCF-101 and HMDB-51 (division 1), ActivityNet 1.3'
tasks = dict(
    ucf101=dict(type='Classification', num_classes=101, weight=1.0),
    hmdb51=dict(type='Classification', num_classes=51, weight=1.0),
    activitynet=dict(type='Classification', num_classes=200, weight=1.0))
train_pipeline = [dict(type='Resize', size=(224, 224)), dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]
test_pipeline = [dict(type='Resize', size=(224, 224))]
ucf101_train = dict(type='UCF101', task='ucf101', name='UCF-101', data_root='UCF101', fold=1, split='train', frames=8, pipeline=train_pipeline)
ucf101_test = dict(type='UCF101', task='ucf101', name='UCF-101', data_root='UCF101', fold=1, split='test', frames=8, pipeline=test_pipeline)
hmdb51_train = dict(type='HMDB51', task='hmdb51', name='HMDB-51', data_root='HMDB51', fold=1, split='train', frames=8, pipeline=train_pipeline)
hmdb51_test = dict(type='HMDB51', task='hmdb51', name='HMDB-51', data_root='HMDB51', fold=1, split='test', frames=8, pipeline=test_pipeline)
activitynet_train = dict(type='ActivityNet', task='activitynet', name='ActivityNet', data_root='ActivityNet', missing='skip', split='train', frames=8, pipeline=train_pipeline)
activitynet_test = dict(type='ActivityNet', task='activitynet', name='ActivityNet', data_root='ActivityNet', missing='skip', split='val', frames=8, pipeline=test_pipeline)

train_dataloader = dict(
    batch_size=24, num_workers=12, persistent_workers=True, sampler=dict(type='MixSampler', quotas=[8, 8, 8]),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[ucf101_train, hmdb51_train, activitynet_train]))
val_dataloader = dict(
    batch_size=24, num_workers=12, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[ucf101_test, hmdb51_test, activitynet_test]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# A single set: merge this into the loaders above.
ucf101_train_dataloader = dict(sampler=dict(quotas=[24]), dataset=dict(datasets=[ucf101_train]))
ucf101_test_dataloader = dict(dataset=dict(datasets=[ucf101_test]))
hmdb51_train_dataloader = dict(sampler=dict(quotas=[24]), dataset=dict(datasets=[hmdb51_train]))
hmdb51_test_dataloader = dict(dataset=dict(datasets=[hmdb51_test]))
activitynet_train_dataloader = dict(sampler=dict(quotas=[24]), dataset=dict(datasets=[activitynet_train]))
activitynet_test_dataloader = dict(dataset=dict(datasets=[activitynet_test]))
del ucf101_train, ucf101_test, hmdb51_train, hmdb51_test, activitynet_train, activitynet_test, train_pipeline, test_pipeline
