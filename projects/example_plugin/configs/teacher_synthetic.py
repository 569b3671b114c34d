"""The teacher: ResNet-18, four tasks on synthetic scenes. The config is complete: it inherits nothing from mtkd's configs.

    python tools/train.py projects/example_plugin/configs/teacher_synthetic.py

No data and no pretrained weights are needed.
"""

suite, method, student, backbone = 'example_plugin', 'MT', 'ResNet-18', 'ResNet-18'
data_set = 'synthetic scenes at 64x96 (256 train, 32 val)'
size = (64, 96)
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=15),
    depth=dict(type='Depth'),
    normals=dict(type='Normals'),
    edge=dict(type='Edge'))
model = dict(
    type='MultiTaskModel',
    net=dict(
        backbone=dict(type='TimmBackbone', name='resnet18', pretrained=False, out_indices=(1, 2, 3, 4)),
        neck=dict(type='ConcatNeck', lateral_channels=32),
        head=dict(type='FCNHead', channels=32)),
    balance=dict(type='WeightedSum'),
    data_preprocessor=dict(type='Preprocessor'))

train_dataloader = dict(
    batch_size=8, num_workers=0,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='SyntheticScenes', split='train', num_samples=256, size=size,
                 pipeline=[dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]))
test_dataloader = val_dataloader = dict(
    batch_size=8, num_workers=0, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='SyntheticScenes', split='val', num_samples=32, size=size, pipeline=[]))
test_evaluator = val_evaluator = dict(type='TaskMetrics', slow=False)

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3, weight_decay=1e-2))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters=200, val_interval=None)
val_cfg, test_cfg = dict(type='ValLoop'), dict(type='TestLoop')

default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=200),
    sampler_seed=None)
log_processor = dict(by_epoch=False, window_size=20)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
env_cfg = dict(mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0), dist_cfg=dict(backend='nccl'))
