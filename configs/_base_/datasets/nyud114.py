"""The 228x308 NYU Depth V2 set at half resolution, for CPUs: training crops of 96x128 from images of 114x154.

Scored on whole images: the network sees 114x154, its outputs are upsampled to the labels' 228x308.
"""
data_set = 'NYUD-v2 at 114x154 (795 train, 304 val; scored at 228x308)'
crop_size = (96, 128)
picture_size = (114, 154)
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=40, weight=1.0, metric=dict(absent='zero', without=(39,))),
    depth=dict(type='Depth', weight=1.0),
    normals=dict(type='Normals', weight=10.0),
    edge=dict(type='Edge', weight=50.0, loss=dict(w_pos=0.8), metric=dict(max_dist=0.011)))

train_pipeline = [
    dict(type='Resize', size=picture_size),
    dict(type='RandomScaling', low=0.5, high=2.0),
    dict(type='RandomCrop', size=crop_size),
    dict(type='RandomHFlip'),
    dict(type='PhotoMetricDistortion'),
    dict(type='Pad', size=crop_size),
]
test_pipeline = [dict(type='Resize', size=picture_size, labels=False)]
train_dataloader = dict(
    batch_size=8, num_workers=0, persistent_workers=False,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='NYUDMT', data_root='NYUD_MT', split='train', cache='preload', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='NYUDMT', data_root='NYUD_MT', split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
