"""Logging, checkpoints and visualisation of every run."""
default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    finite=dict(type='FiniteHook', skip=0),
    balance=dict(type='BalanceHook'),
    checkpoint=dict(type='CheckpointHook', interval=2000, keep=2),
    sampler_seed=None,
)
log_processor = dict(by_epoch=False, mean_pattern=r'.*(time|data_time|grad_norm).*')
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
env_cfg = dict(mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0), dist_cfg=dict(backend='nccl'))
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
