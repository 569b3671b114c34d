"""A job small enough to train in a second: synthetic scenes, a tiny timm network with GroupNorm."""

from pathlib import Path

CONFIG = """
tasks = dict(semseg=dict(type='SemanticSegmentation', num_classes=15), depth=dict(type='Depth'))
picture_size = (32, 48)
suite, method, student, backbone, data_set = 'toy', {method!r}, 'tiny', 'tiny', 'synthetic toy'
model = dict(
    type='MultiTaskModel',
    net=dict(backbone=dict(type='TimmBackbone', name='test_resnet', norm='group', out_indices=(1, 2), drop_path_rate=0.1),
             neck=dict(type='ConcatNeck', lateral_channels=8),
             head=dict(type='FCNHead', channels=8, norm='group', dropout=0.1)),
    balance=dict(type='WeightedSum'){distiller})
train_dataloader = dict(
    batch_size=4, num_workers=0, collate_fn=dict(type='mtkd_collate'),
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    dataset=dict(type='SyntheticScenes', num_samples=12, size=picture_size,
                 pipeline=[dict(type='RandomScaling'), dict(type='RandomCrop', size=picture_size),
                           dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion'),
                           dict(type='Pad', size=picture_size)]))
val_dataloader = dict(batch_size=2, num_workers=0, collate_fn=dict(type='mtkd_collate'), sampler=dict(type='EvalSampler'),
                      dataset=dict(type='SyntheticScenes', split='val', num_samples=5, size=picture_size))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9, weight_decay=1e-4))
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False)]
train_cfg = dict(type='TrainLoop', max_iters={iters}, val_interval={val_interval})
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook'), timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=2, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval={interval}), sampler_seed=None)
log_processor = dict(by_epoch=False, window_size=2, mean_pattern=r'.*(time|data_time).*')
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
"""
DISTILLER = """,
    distiller=dict(weight=0.5, teachers=dict(big=dict(config={teacher!r})),
                   links=dict(each_task=dict(loss=dict(type='CauchySchwarz'))))"""


def write_config(folder: Path, name: str = 'toy', iters: int = 6, interval: int = 2, val_interval: int | None = None,
                 teacher: Path | None = None, method: str = 'MT') -> Path:
    """Write the toy config (with a teacher from another config, if given) and return its path."""
    distiller = DISTILLER.format(teacher=str(teacher)) if teacher else ''
    path = folder / f'{name}.py'
    path.write_text(CONFIG.format(iters=iters, interval=interval, val_interval=val_interval, distiller=distiller,
                                  method=method))
    return path
