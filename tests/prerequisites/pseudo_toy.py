"""Tiny images with image-level labels, some of them missing, and configs of a teacher and a student."""

from pathlib import Path

import numpy as np

from mtkd.datasets import TaskDataset
from mtkd.registry import DATASETS
from mtkd.structures import Sample

CLASSES = {'shade': 2, 'hue': 3}


@DATASETS.register_module(force=True)
class ToyFaces(TaskDataset):
    """``length`` images with one brightness (``shade``) and one strong colour (``hue``), and an ``age``.

    ``keep`` names the tasks whose labels are served. The image depends only on ``first + i``.
    """

    OFFERS = {'shade': 'class_label', 'hue': 'class_label', 'age': 'scalar'}
    CLASSES = {'hue': ('red', 'green', 'blue')}
    SPLITS = ('train', 'val')

    def __init__(self, *args, length=20, first=0, keep=('shade', 'hue', 'age'), **kwargs):
        super().__init__(*args, **kwargs)
        self.length, self.first, self.keep = length, first, keep

    def load_data_list(self):
        return [{'sample_id': f's{self.first + i}', 'number': self.first + i} for i in range(self.length)]

    def read(self, entry):
        number = entry['number']
        rng = np.random.default_rng(number)
        shade, hue = number % 2, number % 3
        image = rng.integers(0, 30, (32, 32, 3)) + 50 * shade
        image[..., hue] += 100
        labels = {'shade': shade, 'hue': hue, 'age': float(10 * shade)}
        return Sample(image=image.astype(np.uint8), meta={},
                      targets={task: labels[task] if task in self.keep else None for task in self.reads})


CONFIG = """
custom_imports = dict(imports=['tests.prerequisites.pseudo_toy'], allow_failed_imports=False)
tasks = {tasks}
suite, method, student, backbone, data_set = 'toy_faces', {method!r}, 'tiny', 'tiny', 'toy faces'
model = dict(
    type='MultiTaskModel',
    net=dict(backbone=dict(type='TimmBackbone', name='test_resnet', norm='group', out_indices=(1, 2)),
             neck=dict(type='PoolNeck'), head=dict(type='LinearHead')),
    balance=dict(type='WeightedSum'))
augment = [dict(type='RandomHFlip'), dict(type='PhotoMetricDistortion')]
train_dataloader = dict(
    batch_size=8, num_workers=0, collate_fn=dict(type='mtkd_collate'), sampler=dict(type='MixSampler'),
    batch_sampler=dict(type='InfiniteBatchSampler'),
    dataset=dict(type='MultiDataset', datasets=[
        dict(type='ToyFaces', name='one', keep=('shade', 'age'), length=20, pipeline=augment),
        dict(type='ToyFaces', name='two', keep=('hue',), length=12, first=100, pipeline=augment),
        dict(type='ToyFaces', name='none', keep=(), length=10, first=200, pipeline=augment)]))
test_dataloader = dict(batch_size=4, num_workers=0, collate_fn=dict(type='mtkd_collate'), sampler=dict(type='EvalSampler'),
                       dataset=dict(type='ToyFaces', split='val', length=6, first=300))
test_evaluator = dict(type='TaskMetrics')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr={lr}, momentum=0.9))
param_scheduler = {schedule}
train_cfg = dict(type='TrainLoop', max_iters={iters})
test_cfg = dict(type='TestLoop')
custom_hooks = {hooks}
default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook', interval=1), timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=1, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval={interval}), sampler_seed=None)
log_processor = dict(by_epoch=False, window_size=1, mean_pattern=r'.*(time|data_time).*')
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
{more}
"""
TASKS = ("dict(shade=dict(type='Classification', num_classes=2), hue=dict(type='Classification', num_classes=3), "
         "age=dict(type='Age', num_bins=12))")


def write_config(folder: Path, name: str, *, tasks: str = TASKS, iters: int = 3, interval: int = 2, lr: float = 0.05,
                 more: str = '', schedule: str = '[]', hooks: str = '[]', method: str = 'MT') -> Path:
    """Write a config of the toy and return its path."""
    path = folder / f'{name}.py'
    path.write_text(CONFIG.format(tasks=tasks, iters=iters, interval=interval, lr=lr, more=more, schedule=schedule,
                                  hooks=hooks, method=method))
    return path


def write_pair(folder: Path, options: str = 'tau=dict(shade=.3, hue=.2, age=.01)', **student: object) -> tuple[Path, Path]:
    """(the student's config, its teacher's)."""
    teacher = write_config(folder, 'teacher', method='teacher')
    more = f'pseudo_labels = dict(teacher=dict(config={str(teacher)!r}), {options})'
    return write_config(folder, 'student', more=more, method='MT + pseudo', **student), teacher  # type: ignore[arg-type]
