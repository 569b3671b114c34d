"""CamVid (SegNet layout, 240x320): segmentation and its borders."""
data_set = 'CamVid at 240x320'
crop_size = (240, 320)
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=11, weight=1.0),
    edge=dict(type='Edge', weight=50.0, loss=dict(w_pos=0.8), metric=dict(max_dist=0.011)))
train_pipeline = [
    dict(type='RandomScaling', low=0.5, high=2.0),
    dict(type='RandomCrop', size=crop_size),
    dict(type='RandomHFlip'),
    dict(type='PhotoMetricDistortion'),
    dict(type='Pad', size=crop_size),
]

test_pipeline = []
train_dataloader = dict(
    batch_size=8, num_workers=2, persistent_workers=True,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='CamVid', data_root='camvid', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=1, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='CamVid', data_root='camvid', split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
