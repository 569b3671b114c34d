"""Own data through a whole chain of configs: a teacher, its cache, and a student that learns from the cache."""

import json

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mtkd.datasets import InfiniteBatchSampler
from mtkd.engine.checkpoint import load
from mtkd.engine.run import Job, train
from mtkd.prerequisites.teacher_cache import CachePlan, attach, write_all
from mtkd.registry import DATA_SAMPLERS, DATASETS, MODELS
from mtkd.structures import collate

from .rooms import COUNT, png, room
from .shards import write_rooms

TEACHER = '''
suite, method, student, backbone, data_set = 'toy', 'teacher', 'a', 'a', 'rooms'
tasks = dict(semseg=dict(type='SemanticSegmentation', num_classes=3), depth=dict(type='Depth'))
model = dict(type='MultiTaskModel', net=dict(
    backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2), channels=(4, 6, 8, 8), stem_width=8,
                  stem_stride=2),
    neck=dict(type='ConcatNeck'), head=dict(type='FCNHead', channels=8)))
train_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='{sampler}'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'), dataset=dict(
        {dataset},
        pipeline=[dict(type='RandomCrop', size=(32, 48), max_share=1.0), dict(type='RandomHFlip')]))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
train_cfg = dict(type='TrainLoop', max_iters=2)
default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook', interval=2), timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=2, log_metric_by_epoch=False), param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=10), sampler_seed=None)
log_processor = dict(by_epoch=False, window_size=2)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
'''
STUDENT = '''
_base_ = ['teacher.py']
model = dict(distiller=dict(teachers=dict(big=dict(config='{folder}/teacher.py')), links=[
    dict(task='semseg', loss=dict(type='PlainKD')),
    dict(task='depth', loss=dict(type='FitNets'), name='depth_features', student='depth.feat', teacher=':depth.feat')]))
teacher_cache = dict(mode='views', views=2, dtype='float32', folder='{folder}/cache')
'''
RULES = {
    'Manifest': "type='Manifest', table='rooms.jsonl', path='photo', semseg='mask', "
                "depth=dict(column='height', scale=0.001)",
    'HuggingFaceDataset': "type='HuggingFaceDataset', path='rooms.parquet', image='photo', cache_dir='{folder}/hf', "
                          "semseg='mask', depth=dict(column='height', scale=0.001)",
    'TarShards': "type='TarShards', shards='train-*.tar', index='{folder}/index', semseg=dict(part='seg.png'), "
                 "depth=dict(part='depth.npy', scale=0.001), ignore=['cls', 'json']"}


def lay_out(adapter, folder):
    """The rooms as one adapter reads them; room 3 has no depth."""
    if adapter == 'TarShards':
        write_rooms(folder)
        return
    files = {'photo': [], 'mask': [], 'height': []}
    for number in range(COUNT):
        for name, array in zip(files, room(number), strict=True):
            content = None if (name, number) == ('height', 3) else png(array)
            files[name].append(content)
            if adapter == 'Manifest' and content is not None:
                (folder / f'{name}{number}.png').write_bytes(content)
    if adapter == 'Manifest':
        rows = [{name: f'{name}{number}.png' for name in files if files[name][number] is not None}
                for number in range(COUNT)]
        (folder / 'rooms.jsonl').write_text('\n'.join(map(json.dumps, rows)))
    else:
        datasets = pytest.importorskip('datasets', reason='the package datasets is not installed')
        columns = {name: [None if content is None else {'bytes': content} for content in files[name]] for name in files}
        datasets.Dataset.from_dict(columns, datasets.Features(dict.fromkeys(files, datasets.Image()))).to_parquet(
            folder / 'rooms.parquet')


def steps(job):
    """Losses of four steps, with the teachers of the config live or from their cache."""
    cfg = job.prepared()
    torch.manual_seed(0)
    model, dataset = MODELS.build(cfg.model), DATASETS.build(cfg.train_dataloader.dataset)
    sampler = InfiniteBatchSampler(DATA_SAMPLERS.build({**cfg.train_dataloader.sampler, 'dataset': dataset, 'seed': 0}),
                                   batch_size=4)
    attach(cfg, model, dataset, CachePlan.of(cfg))
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    losses = []
    for _, batch in zip(range(4), DataLoader(dataset, batch_sampler=sampler, collate_fn=collate), strict=False):
        optimiser.zero_grad()
        values = model(**batch, mode='loss')
        values['loss'].backward()
        optimiser.step()
        losses.append({name: float(value.detach()) for name, value in values.items()})
    return losses


@pytest.mark.parametrize('adapter', RULES)
def test_teacher_cache_and_student(adapter, tmp_path, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    lay_out(adapter, tmp_path)
    dataset = f"{RULES[adapter].format(folder=tmp_path)}, data_root='{tmp_path}'"
    sampler = 'ShardSampler' if adapter == 'TarShards' else 'ShuffleSampler'
    (tmp_path / 'teacher.py').write_text(TEACHER.format(dataset=dataset, sampler=sampler))
    (tmp_path / 'student.py').write_text(STUDENT.format(folder=tmp_path))
    folder = train(Job(str(tmp_path / 'teacher.py')))
    assert load(folder / 'final.pth')['meta']['iter'] == 2
    student = Job(str(tmp_path / 'student.py'))
    cfg = student.prepared()
    written, = write_all(cfg, CachePlan.of(cfg), lambda line: None)
    assert (written / 'rows.bin').stat().st_size > 2 * COUNT * 4, 'two views of each sample'
    cached = steps(student)
    live = steps(Job(student.config, options={'teacher_cache.live': True}))
    assert {'semseg/kd', 'depth/depth_features_fitnets'} <= cached[0].keys()
    for one, other in zip(cached, live, strict=True):
        assert one.keys() == other.keys()
        np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-4)
