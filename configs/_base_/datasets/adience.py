"""Adience at 128x128, age groups and gender, five-fold cross-validation: fold 0 held out.

Another fold: --cfg-options train_dataloader.dataset.fold=K val_dataloader.dataset.fold=K test_dataloader.dataset.fold=K
"""
data_set = 'Adience'
tasks = dict(
    age=dict(type='Classification', num_classes=8, metric='AgeGroupAccuracy'),
    gender=dict(type='Classification', num_classes=2))
train_pipeline = [dict(type='RandomHFlip'), dict(type='RandomTranslate', max_shift=8)]
train_dataloader = dict(
    batch_size=64, num_workers=4, persistent_workers=True,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='Adience', data_root='Adience', split='train', fold=0, size=(128, 128), pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64, num_workers=2, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='Adience', data_root='Adience', split='val', fold=0, size=(128, 128), pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
custom_hooks = [dict(type='LabelCountHook')]
