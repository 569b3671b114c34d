"""PASCAL-Context, five dense tasks at 512x512, augmented as the ATRC code base does (fact sheet 1.1.4, 2.2).

Test: native size padded to 512x512, scored without the padding.
"""
data_set = 'PASCAL-Context'
crop_size = (512, 512)
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=21, weight=1.0, metric=dict(absent='zero')),
    human_parts=dict(type='HumanParts', weight=2.0),
    sal=dict(type='Saliency', weight=5.0),
    normals=dict(type='Normals', weight=10.0, z_sign=1),
    edge=dict(type='Edge', weight=50.0, loss=dict(w_pos=0.95), metric=dict(max_dist=0.0075)))
train_pipeline = [
    dict(type='RandomScaling', low=0.5, high=2.0),
    dict(type='RandomCrop', size=crop_size),
    dict(type='RandomHFlip'),
    dict(type='PhotoMetricDistortion'),
    dict(type='Pad', size=crop_size),
]

test_pipeline = [dict(type='Pad', size=crop_size)]
train_dataloader = dict(
    batch_size=8, num_workers=4, persistent_workers=True,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='PASCALContextMT', data_root='PASCAL_MT', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=2, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='PASCALContextMT', data_root='PASCAL_MT', split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
