"""UTD-MHAD's depth clips at 64x64, 8 frames a clip (unpack.py), all 27 actions: odd subjects (1, 3, 5, 7; 431 clips) and even ones (2, 4, 6; 323 clips).

Each half of the people is a separate data set for training, evaluated on the other half. Not mirrored: left and right are
different actions. Do not distil one from the other: each was trained on the other's test subjects.
"""
data_set = 'UTD-MHAD depth, one half of the subjects -> the other'
tasks = dict(
    utd_odd=dict(type='Classification', num_classes=27, weight=1.0),
    utd_even=dict(type='Classification', num_classes=27, weight=1.0))
train_pipeline = [dict(type='Resize', size=(72, 72)), dict(type='RandomCrop', size=(64, 64), max_share=1.0)]
test_pipeline = [dict(type='Resize', size=(64, 64))]
odd_train = dict(type='UTDMHAD', task='utd_odd', name='UTD-MHAD-odd', data_root='utd-mhad', split='train', subjects=[1, 3, 5, 7], frames=8, pipeline=train_pipeline)
odd_test = dict(type='UTDMHAD', task='utd_odd', name='UTD-MHAD-odd', data_root='utd-mhad', split='test', subjects=[2, 4, 6], frames=8, pipeline=test_pipeline)
even_train = dict(type='UTDMHAD', task='utd_even', name='UTD-MHAD-even', data_root='utd-mhad', split='train', subjects=[2, 4, 6], frames=8, pipeline=train_pipeline)
even_test = dict(type='UTDMHAD', task='utd_even', name='UTD-MHAD-even', data_root='utd-mhad', split='test', subjects=[1, 3, 5, 7], frames=8, pipeline=test_pipeline)

train_dataloader = dict(
    batch_size=16, num_workers=0, sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'), dataset=odd_train)
val_dataloader = dict(
    batch_size=32, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'), dataset=odd_test)
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics')
test_evaluator = dict(type='TaskMetrics')

# One half: merge this into the loaders above.
odd_train_dataloader = dict(dataset=odd_train)
odd_test_dataloader = dict(dataset=odd_test)
even_train_dataloader = dict(dataset=even_train)
even_test_dataloader = dict(dataset=even_test)
del odd_train, odd_test, even_train, even_test, train_pipeline, test_pipeline
