"""The NYU Depth V2 labels written by unpack.py: 228x308, 795 train and 304 val images, four dense tasks.

Class 40 (index 39) never occurs in the training labels, so mIoU is also reported without it.
"""
data_set = 'NYUD-v2 at 228x308 (795 train, 304 val)'
crop_size = (228, 308)
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=40, weight=1.0, metric=dict(absent='zero', without=(39,))),
    depth=dict(type='Depth', weight=1.0),
    normals=dict(type='Normals', weight=10.0),
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
    dataset=dict(type='NYUDMT', data_root='NYUD_MT', split='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4, num_workers=1, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='NYUDMT', data_root='NYUD_MT', split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
