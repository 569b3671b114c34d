"""Synthetic scenes: rooms rendered in NumPy, no files needed. Used by make demo and --smoke."""
data_set = 'synthetic scenes at 64x96 (512 train, 64 val)'
picture_size = (64, 96)
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=15, weight=1.0),
    depth=dict(type='Depth', weight=1.0),
    normals=dict(type='Normals', weight=10.0),
    edge=dict(type='Edge', weight=50.0, metric=dict(max_dist=0.011)))
train_pipeline = [dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]
train_dataloader = dict(
    batch_size=8, num_workers=0,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='SyntheticScenes', split='train', num_samples=512, size=picture_size, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='SyntheticScenes', split='val', num_samples=64, size=picture_size, pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
