"""UTD-MHAD's depth clips at 64x64, 8 frames a clip (unpack.py), as two data sets of different actions: the first 14 (224 clips to train on, 168 to score) and the other 13 (207, 155); subjects 1, 3, 5, 7 -> 2, 4, 6 in both.

For joint teachers and students: no expert was trained on a test subject. Not mirrored: left and right are different actions.
A batch of both is 8 + 8.
"""
data_set = 'UTD-MHAD depth, actions 1-14 and 15-27, subjects 1, 3, 5, 7 -> 2, 4, 6'
tasks = dict(
    utd_first=dict(type='Classification', num_classes=14, weight=1.0),
    utd_second=dict(type='Classification', num_classes=13, weight=1.0))
train_pipeline = [dict(type='Resize', size=(72, 72)), dict(type='RandomCrop', size=(64, 64), max_share=1.0)]
test_pipeline = [dict(type='Resize', size=(64, 64))]
first_train = dict(type='UTDMHAD', task='utd_first', name='UTD-MHAD-first', data_root='utd-mhad', actions=list(range(14)), split='train', subjects=[1, 3, 5, 7], frames=8, pipeline=train_pipeline)
first_test = dict(type='UTDMHAD', task='utd_first', name='UTD-MHAD-first', data_root='utd-mhad', actions=list(range(14)), split='test', subjects=[2, 4, 6], frames=8, pipeline=test_pipeline)
second_train = dict(type='UTDMHAD', task='utd_second', name='UTD-MHAD-second', data_root='utd-mhad', actions=list(range(14, 27)), split='train', subjects=[1, 3, 5, 7], frames=8, pipeline=train_pipeline)
second_test = dict(type='UTDMHAD', task='utd_second', name='UTD-MHAD-second', data_root='utd-mhad', actions=list(range(14, 27)), split='test', subjects=[2, 4, 6], frames=8, pipeline=test_pipeline)

train_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='MixSampler', quotas=[8, 8]),
    batch_sampler=dict(type='InfiniteBatchSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[first_train, second_train]))
val_dataloader = dict(
    batch_size=32, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[first_test, second_test]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# A single set: merge this into the loaders above.
first_train_dataloader = dict(sampler=dict(quotas=[16]), dataset=dict(datasets=[first_train]))
first_test_dataloader = dict(dataset=dict(datasets=[first_test]))
second_train_dataloader = dict(sampler=dict(quotas=[16]), dataset=dict(datasets=[second_train]))
second_test_dataloader = dict(dataset=dict(datasets=[second_test]))
del first_train, first_test, second_train, second_test, train_pipeline, test_pipeline
