"""UTKFace at 128x128: age in years (DEX: 101 bins), gender, race; hold-out of a fifth, ours."""
data_set = 'UTKFace'
tasks = dict(
    age=dict(type='Age'),
    gender=dict(type='Classification', num_classes=2),
    race=dict(type='Classification', num_classes=5))
train_pipeline = [dict(type='RandomHFlip'), dict(type='RandomTranslate', max_shift=8)]
train_dataloader = dict(
    batch_size=64, num_workers=4, persistent_workers=True,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='UTKFace', data_root='UTKFace', split='train', size=(128, 128), pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=64, num_workers=2, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='UTKFace', data_root='UTKFace', split='val', size=(128, 128), pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
custom_hooks = [dict(type='LabelCountHook')]
