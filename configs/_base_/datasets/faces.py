"""Seven public face data sets in one training at 128x128, each labelled for some of five tasks (fact sheet 2.8).

Labels are harmonised: expressions in FER-2013's order, five races, age in years where a data set provides years. Adience's
eight age groups are a separate task; data sets with years are labelled for it as well. The quotas of a batch are
proportional to the square root of the sets' sizes. Tested on UTKFace; switching to another set takes one line.
"""
data_set = 'seven face data sets'
adience_groups = [(0, 2), (4, 6), (8, 12), (15, 20), (25, 32), (38, 43), (48, 53), (60, 100)]
tasks = dict(
    age=dict(type='Age'),
    age_group=dict(type='Classification', num_classes=8, metric='AgeGroupAccuracy'),
    gender=dict(type='Classification', num_classes=2),
    race=dict(type='Classification', num_classes=5),
    expression=dict(type='Classification', num_classes=7))
train_pipeline = [dict(type='RandomHFlip'), dict(type='RandomTranslate', max_shift=8)]
shared = dict(split='train', size=(128, 128), pipeline=train_pipeline)
# Years are also mapped to groups; years between two groups have no group label.
years = dict(shared, fields=dict(age_group='age'), label_maps=dict(age_group=adience_groups))
train_dataloader = dict(
    batch_size=64, num_workers=4, persistent_workers=True,
    sampler=dict(type='MixSampler', quotas='sqrt'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='MultiDataset', datasets=[
        dict(years, type='UTKFace', data_root='UTKFace'),
        dict(years, type='MORPH2', data_root='MORPH2'),
        dict(years, type='IMDBWIKI', data_root='IMDB-WIKI', source='wiki'),
        dict(shared, type='Adience', data_root='Adience', fold=0, fields=dict(age=None, age_group='age')),
        dict(shared, type='FER2013', data_root='FER2013'),
        dict(shared, type='RAFDB', data_root='RAF-DB', fields=dict(age=None)),
        dict(shared, type='AffectNet', data_root='AffectNet')]))
val_dataloader = dict(
    batch_size=64, num_workers=2, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(years, type='UTKFace', data_root='UTKFace', split='val', pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
custom_hooks = [dict(type='LabelCountHook')]
