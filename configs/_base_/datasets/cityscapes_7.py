"""Cityscapes with 7 classes as MTAN prepared it: segmentation and inverse depth at 128x256, batch 8 (fact sheet 1.2.3, 2.4).

2,975 training and 500 test images. Depth is normalised disparity: its errors have no unit (absErr is around 0.014). No
augmentation; the model takes [0, 1], data_preprocessor=dict(type='Preprocessor', mean=(0, 0, 0), std=(255, 255, 255)).
Losses CE and L1, weight 1 each. classes=2 or 19 of the data set, with num_classes of the task, are the other releases.
"""
data_set = 'Cityscapes-7 at 128x256'
tasks = dict(
    semseg=dict(type='SemanticSegmentation', num_classes=7, weight=1.0, metric=dict(absent='ignore', legacy_per_image=True)),
    depth=dict(type='Depth', weight=1.0, draw_max_m=0.5,
               metric=dict(legacy_per_image=True, unit='', log_floor_m=1e-4)))

train_dataloader = dict(
    batch_size=8, num_workers=4, persistent_workers=True,
    sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='CityscapesMTAN', data_root='cityscapes', classes=7, split='train', pipeline=[]))
val_dataloader = dict(
    batch_size=8, num_workers=2, sampler=dict(type='EvalSampler'), collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='CityscapesMTAN', data_root='cityscapes', classes=7, split='val', pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='TaskMetrics', slow=False)
test_evaluator = dict(type='TaskMetrics')
