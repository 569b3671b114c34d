"""FairFace at 64x64, all three labels of every image: the reference for the parts of fairface_parts.py."""
data_set = 'FairFace subset at 64x64'
tasks = dict(
    age=dict(type='Classification', num_classes=9, metric='AgeGroupAccuracy'),
    gender=dict(type='Classification', num_classes=2),
    race=dict(type='Classification', num_classes=7))
domains = dict(other=dict(type='DomainShift', grey=1.0, blur=1.0, lowres=2.0))
train_pipeline = [dict(type='RandomHFlip'), dict(type='RandomTranslate', max_shift=4)]
train_dataloader = dict(
    batch_size=64, num_workers=0,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='FairFace', data_root='fairface', split='train', size=(64, 64), cache='preload',
                 pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=250, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='FairFace', data_root='fairface', split='val', size=(64, 64), domains=domains, domain='main',
                 cache='preload', pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
custom_hooks = [dict(type='LabelCountHook')]
