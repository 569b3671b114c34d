"""Teacher caches: writing, resuming, detecting stale ones, and training with them."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from mtkd.datasets import InfiniteBatchSampler, ShuffleSampler
from mtkd.datasets.images.labelled_files import LabelledFiles
from mtkd.distill import Teacher
from mtkd.engine.checkpoint import load, write_atomically
from mtkd.engine.lock import Busy
from mtkd.engine.run import Job, train
from mtkd.prerequisites import teacher_cache as cache
from mtkd.prerequisites.cache_shards import ShardOf, writing
from mtkd.prerequisites.teacher_cache import CachePlan, StaleCache, attach, write_all
from mtkd.registry import DATASETS, MODELS
from mtkd.structures import FeatureStore, collate

TEACHER = '''
suite, method, student, backbone, data_set = 'toy', 'teacher', 'a', 'a', 'toy'
tasks = dict(label=dict(type='Classification', num_classes=3))
model = dict(type='MultiTaskModel', net=dict(
    backbone=dict(type='TimmBackbone', name='resnet10t', out_indices=(1, 2), channels=(4, 6, 8, 8), stem_width=8,
                  stem_stride=2),
    neck=dict(type='PoolNeck'), head=dict(type='LinearHead')))
train_dataloader = dict(
    batch_size=4, num_workers=0, sampler=dict(type='ShuffleSampler'), batch_sampler=dict(type='InfiniteBatchSampler'),
    collate_fn=dict(type='mtkd_collate'),
    dataset=dict(type='SyntheticImages', num_samples=8, size=16, pipeline=[
        dict(type='Pad', size=(20, 20)), dict(type='RandomCrop', size=(16, 16), max_share=1.0), dict(type='RandomHFlip')]))
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
train_cfg = dict(type='TrainLoop', max_iters=2)
default_hooks = dict(
    runtime_info=dict(type='IntervalInfoHook', interval=2), timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=2, log_metric_by_epoch=False), param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(type='CheckpointHook', interval=10), sampler_seed=None)
log_processor = dict(by_epoch=False, window_size=2)
visualizer = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
'''
STUDENT = '''
_base_ = ['big.py']
train_cfg = dict(max_iters=7)
model = dict(distiller=dict(teachers=dict(big=dict(config='{folder}/big.py')), links=[
    dict(task='label', loss=dict(type='SoftCrossEntropy')),
    dict(task='label', loss=dict(type='FitNets'), name='l1', student='shared', teacher=':shared'),
    dict(task='label', loss=dict(type='FitNets'), name='l2', student='trunk.1', teacher=':trunk.1')]))
teacher_cache = dict(mode='views', views=2)
'''
JOINT = '''
_base_ = ['big.py']
model = dict(_delete_=True, type='MultiTaskModel', data_preprocessor=dict(mean=(0, 0, 0), std=(1, 1, 1)), net=dict(
    trunk=dict(type='JointTrunk', experts=dict(big=dict(config='{folder}/big.py')), fuse='stride2', channels=(4, 6),
               width=4),
    head=dict(type='LinearHead')))
train_cfg = dict(max_iters=5)
teacher_cache = dict(mode='views', views=2)
'''


CLIPS = """dict(type='SyntheticClips', num_samples=8, size=20, frames=3, pipeline=[
        dict(type='RandomCrop', size=(16, 16), max_share=1.0), dict(type='RandomHFlip')])"""
FILES = """dict(type='FilesOfManySizes', data_root='{folder}/files', pipeline=[
        dict(type='Resize', size=(16, 16)), dict(type='RandomHFlip')])"""


@DATASETS.register_module()
class FilesOfManySizes(LabelledFiles):
    """Eight image files of different sizes."""

    COUNT = 3

    def listed(self):
        return [(path, number % 3) for number, path in enumerate(sorted(self.data_root.glob('*.png')))]


def _write_pictures(place: Path) -> None:
    place.mkdir()
    rng = np.random.default_rng(0)
    for number in range(8):
        cv2.imwrite(str(place / f'{number}.png'), rng.integers(0, 255, (18 + number, 30 - number, 3), np.uint8))


def _of_clips(text: str) -> str:
    """A config with clips instead of images."""
    start = text.index('dict(type=\'SyntheticImages\'')
    text = text[:start] + CLIPS + text[text.index('])', start) + 2:]
    return text.replace('backbone=dict(', "trunk=dict(type='FrameTrunk', backbone=dict(").replace(
        "neck=dict(type='PoolNeck'), head=dict(type='LinearHead')",
        "neck=dict(type='PoolNeck')), head=dict(type='FrameMeanHead', head=dict(type='LinearHead'))")


def _of_files(text: str) -> str:
    """A config with image files instead of synthetic images."""
    start = text.index('dict(type=\'SyntheticImages\'')
    return text[:start] + FILES + text[text.index('])', start) + 2:]


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """Configs for images, clips and files of many sizes, and the trained teacher of the images."""
    place = tmp_path_factory.mktemp('cache')
    _write_pictures(place / 'files')
    configs = {'big': TEACHER, 'small': STUDENT, 'joint': JOINT, 'big_clips': _of_clips(TEACHER),
               'big_files': _of_files(TEACHER)}
    for kind in ('clips', 'files'):
        for name, text in (('small', STUDENT), ('joint', JOINT)):
            configs[f'{name}_{kind}'] = text.replace('big.py', f'big_{kind}.py')
    for name, text in configs.items():
        (place / f'{name}.py').write_text(text.replace('{folder}', str(place)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('MTKD_WORK_DIRS', str(place / 'work_dirs'))
        for name in ('big', 'big_clips', 'big_files'):
            train(Job(str(place / f'{name}.py')))
    return place


@pytest.fixture(autouse=True)
def work_dirs(folder, monkeypatch):
    monkeypatch.setenv('MTKD_WORK_DIRS', str(folder / 'work_dirs'))


def job(place: Path, tmp_path: Path, name: str = 'small', **options) -> Job:
    given = {f'teacher_cache.{key}': value for key, value in {'folder': str(tmp_path / 'cache'), **options}.items()}
    return Job(str(place / f'{name}.py'), options=given, work_dir=tmp_path / f'run-{len(list(tmp_path.iterdir()))}')


def write(job: Job, say=lambda line: None, shard: str | None = None) -> list[Path]:
    cfg = job.prepared()
    return write_all(cfg, CachePlan.of(cfg), say, shard=ShardOf.parse(shard))


def steps(job: Job, number: int = 7) -> dict[str, torch.Tensor]:
    """The weights after a few steps of a config, without a Runner."""
    cfg = job.prepared()
    torch.manual_seed(0)
    model, dataset = MODELS.build(cfg.model), DATASETS.build(cfg.train_dataloader.dataset)
    sampler = InfiniteBatchSampler(ShuffleSampler(dataset, seed=0), batch_size=4)
    attach(cfg, model, dataset, CachePlan.of(cfg))
    optimiser = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    for _, batch in zip(range(number), DataLoader(dataset, batch_sampler=sampler, collate_fn=collate), strict=False):
        optimiser.zero_grad()
        model(**batch, mode='loss')['loss'].backward()
        optimiser.step()
    return model.state_dict()


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max(float((one[key].float() - other[key].float()).abs().max()) for key in one)


@pytest.mark.parametrize('name', ['small', 'joint', 'small_clips', 'joint_clips', 'joint_files'])
def test_the_trajectory_is_that_of_live_teachers(folder, tmp_path, name):
    """Seven steps with two per epoch, views 0, 1, 0, 1: equal except for the rounding of the stored taps."""
    live = steps(job(folder, tmp_path, name, live=True))
    other = furthest(live, steps(job(folder, tmp_path, name, live=True, views=3)))
    for dtype, tolerance in (('float16', 5e-3), ('float32', 1e-5)):
        cached = job(folder, tmp_path, name, dtype=dtype, folder=str(tmp_path / dtype))
        write(cached)
        far = furthest(live, steps(cached))
        assert far < tolerance and far < other / 5, f'{dtype}: {far}, with other views {other}'


def test_training_from_a_cache_does_not_run_the_teacher(folder, tmp_path, monkeypatch):
    cached = job(folder, tmp_path)
    write(cached)
    monkeypatch.setattr('mtkd.distill.teacher.Teacher.forward', None)
    steps(cached, 2)


def test_pictures_that_nobody_looks_at_are_not_augmented(folder, tmp_path):
    for name, skipped in (('joint', True), ('small', False)):
        cached = job(folder, tmp_path, name, folder=str(tmp_path / name))
        write(cached)
        cfg = cached.prepared()
        model, dataset = MODELS.build(cfg.model), DATASETS.build(cfg.train_dataloader.dataset)
        attach(cfg, model, dataset, CachePlan.of(cfg))
        assert dataset.serves_batches == skipped


def test_clean_maps_train_a_student(folder, tmp_path):
    cached = job(folder, tmp_path, mode='clean')
    store = FeatureStore(write(cached)[0])
    assert store.num_rows == 8 and 'clean' in store.folder.name
    assert furthest(steps(cached), steps(job(folder, tmp_path, mode='clean', live=True))) > 0, 'it is approximate'


def test_the_size_is_told_beforehand_and_kept(folder, tmp_path):
    lines: list[str] = []
    place = write(job(folder, tmp_path), lines.append)[0]
    promised = re.search(r'16 rows of (\d+) bytes', lines[0])
    store = FeatureStore(place)
    assert promised and int(promised[1]) == store.row_bytes == 2 * (3 + 6 + 6 * 4 * 4)
    size = sum(path.stat().st_size for path in place.iterdir())
    assert abs(size / store.promised_bytes - 1) < 0.01
    again: list[str] = []
    write(job(folder, tmp_path), again.append)
    assert len(again) == 1 and 'exists and is valid' in again[0]


def test_a_stopped_writing_goes_on(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, 'COMMIT_EVERY_S', 0.0)
    cached = job(folder, tmp_path)
    whole = FeatureStore(write(job(folder, tmp_path, folder=str(tmp_path / 'whole')))[0])

    def stop(line: str) -> None:
        if 's left' in line and '8 of 16' in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(cached, stop)
    with pytest.raises(ValueError, match=r'has 8 of 16 rows; continue with mtkd cache'):
        steps(cached)
    lines: list[str] = []
    store = FeatureStore(write(cached, lines.append)[0])
    assert 'continuing from row 8' in lines[0] and store.complete
    for tap, value in store.read(range(16)).items():
        assert (value == whole.read(range(16))[tap]).all()


def test_a_format_for_each_tap(folder, tmp_path):
    """8 bits for the features, the 2 largest of 3 classes; the training is close to that with live teachers."""
    mixed = job(folder, tmp_path, dtype={'*.out': 'topk:2', 'trunk.*': 'int8'})
    store = FeatureStore(write(mixed)[0])
    assert store.formats == {'label.out': 'topk:2', 'shared': 'float16', 'trunk.1': 'int8'}
    live = steps(job(folder, tmp_path, live=True))
    far, other = furthest(live, steps(mixed)), furthest(live, steps(job(folder, tmp_path, live=True, views=3)))
    assert 0 < far < other / 3, (far, other)
    lines: list[str] = []
    write(job(folder, tmp_path, dtype='int8'), lines.append)
    assert 'dtype (label.out topk:2, shared float16 then, int8 now)' in lines[0]


def test_formats_that_do_not_fit(folder, tmp_path):
    with pytest.raises(ValueError, match="teacher_cache.dtype: 'int9' is no format of features"):
        CachePlan(dtype={'*': 'int9'})
    for dtype, message in (({'depht.*': 'int8'}, r"'depht.\*' matches none of the cached taps \(label.out, shared"),
                           ({'shared': 'topk:2'}, "'shared' is not an output of classes"),
                           ({'*.out': 'topk:3'}, "topk:3 needs more than 3 .* tap 'label.out' has 3 channels")):
        with pytest.raises(ValueError, match=message):
            write(job(folder, tmp_path, dtype=dtype))
    assert not list((tmp_path / 'cache').rglob('header.json'))


def test_shards_write_one_cache(folder, tmp_path, monkeypatch):
    """Three processes, one of which is killed and restarted: the rows are those of one process."""
    monkeypatch.setattr(cache, 'COMMIT_EVERY_S', 0.0)
    whole = FeatureStore(write(job(folder, tmp_path, folder=str(tmp_path / 'whole')))[0]).read(range(16))
    cached = job(folder, tmp_path)
    lines: list[str] = []
    place = write(cached, lines.append, '1/3')[0]
    assert 'shard 1/3: 5 rows' in lines[0]
    with pytest.raises(ValueError, match=r'has 5 of 16 rows \(shards 0/3, 2/3 missing\); continue with mtkd cache'):
        steps(cached)

    def stop(line: str) -> None:
        if '4 of 6 rows' in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(cached, stop, '2/3')
    with pytest.raises(ValueError, match=r'started with 3 shards and is not complete: give --shard I/3'):
        write(cached, shard='0/2')
    with writing(place, 2, 3, 'x'), pytest.raises(Busy, match='shard 2/3 of the cache of .* is in use'):
        write(cached, shard='2/3')
    write(cached, lines.append, '2/3')
    assert '6 rows' in lines[-3] and 'continuing from row 4' in lines[-3]
    write(cached)  # without a shard argument: the rest, which is shard 0
    store = FeatureStore(place)
    store.verify()
    assert store.complete and all((value == whole[tap]).all() for tap, value in store.read(range(16)).items())
    steps(cached, 2)
    write(cached, lines.append, '0/2')
    assert 'exists and is valid' in lines[-1]


def test_a_shard_that_sees_other_rows_loses_nothing(folder, tmp_path):
    place = write(job(folder, tmp_path), shard='0/2')[0]
    kept = {path.name: path.read_bytes() for path in place.iterdir()}
    other = job(folder, tmp_path)
    other.options['train_dataloader.dataset.num_samples'] = 7
    with pytest.raises(StaleCache, match=r'--shard 1/2: .* does not match: samples \(8 then, 7 now\); sample ids'):
        write(other, shard='1/2')
    assert kept == {path.name: path.read_bytes() for path in place.iterdir()}
    with writing(place, 0, 2, 'x'), pytest.raises(Busy):
        write(other)  # this would rewrite it while shard 0 is being written
    assert kept == {path.name: path.read_bytes() for path in place.iterdir()}
    write(other)
    assert FeatureStore(place).complete and FeatureStore(place).num_rows == 14


def test_a_cache_on_another_file_system(folder, tmp_path, monkeypatch):
    """Written in two shards on two machines, read on a third one; without rights, nothing is computed."""
    address = f'memory://{tmp_path.name}/caches'
    whole = FeatureStore(write(job(folder, tmp_path, folder=str(tmp_path / 'whole')))[0]).read(range(16))
    for number in range(2):
        monkeypatch.setenv('MTKD_CACHE_DIR', str(tmp_path / f'machine{number}'))
        place = write(job(folder, tmp_path, folder=address), shard=f'{number}/2')[0]
        assert place.is_relative_to(tmp_path / f'machine{number}')
    monkeypatch.setenv('MTKD_CACHE_DIR', str(tmp_path / 'machine2'))
    steps(job(folder, tmp_path, folder=address), 2)
    found = next((tmp_path / 'machine2').rglob('header.json')).parent
    assert all((value == whole[tap]).all() for tap, value in FeatureStore(found).read(range(16)).items())
    with pytest.raises(StaleCache, match=f'in {address}/big/.* is stale: dtype'):
        steps(job(folder, tmp_path, folder=address, dtype='int8'))

    def refused(*_, **__):
        raise PermissionError('Access Denied')
    monkeypatch.setattr('fsspec.implementations.memory.MemoryFileSystem.pipe_file', refused)
    monkeypatch.setattr(cache, '_fill', None)
    with pytest.raises(OSError, match=f'{address}2/big/.* cannot be written .PermissionError: Access Denied'):
        write(job(folder, tmp_path, folder=f'{address}2'))


def test_a_missing_cache_names_the_command(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'has not been written .*mtkd cache .*small\.py'):
        steps(job(folder, tmp_path))


def test_with_prerequisites_writes_it(folder, tmp_path):
    cached = job(folder, tmp_path)
    cached.with_prerequisites = True
    assert (train(cached) / 'final.pth').is_file() and list((tmp_path / 'cache/big').iterdir())


@pytest.mark.parametrize(('options', 'message'), [
    ({'train_dataloader.dataset.pipeline': [{'type': 'RandomHFlip'}]}, 'stale: augmentation'),
    ({'train_dataloader.dataset.num_samples': 7}, r'stale: samples \(8 then, 7 now\); sample ids'),
    ({'train_dataloader.dataset.seed': 5}, 'stale: pictures'),
    ({'model.distiller.teachers.big.mean': (1, 2, 3)}, 'stale: teacher preprocessing'),
    ({'teacher_cache.dtype': 'int8'}, r'stale: dtype \(float16 then, int8 now\); write it again with mtkd cache'),
    ({'teacher_cache.dtype': {'*.out': 'topk:2', '*': 'float16'}},
     r'stale: dtype \(float16 then, label.out topk:2 now\)')])
def test_a_stale_cache_says_what_changed(folder, tmp_path, options, message):
    write(job(folder, tmp_path))
    changed = job(folder, tmp_path)
    changed.options.update(options)
    if any('mean' in key for key in options):
        cfg = changed.prepared()
        cfg.model.distiller.teachers.big.mean = options['model.distiller.teachers.big.mean']
        with pytest.raises(StaleCache, match=message):
            cache.attach(cfg, MODELS.build(cfg.model), DATASETS.build(cfg.train_dataloader.dataset), CachePlan.of(cfg))
        return
    with pytest.raises(StaleCache, match=message):
        steps(changed)


def test_other_weights_and_taps_are_stale(folder, tmp_path):
    cached = job(folder, tmp_path)
    place = write(cached)[0]
    final = folder / 'work_dirs/big/seed0/final.pth'
    kept = load(final)
    try:
        write_atomically({**kept, 'state_dict': {key: value * 2 for key, value in kept['state_dict'].items()}}, final)
        with pytest.raises(StaleCache, match=r'stale: teacher weights \([0-9a-f]{8} then, [0-9a-f]{8} now\)'):
            steps(cached)
        lines: list[str] = []
        write(cached, lines.append)
        assert 'written again' in lines[0] and 'teacher weights' in lines[0]
    finally:
        write_atomically(kept, final)
    write(cached)
    FeatureStore.create(place, FeatureStore(place).key, {'shared': (6,)}, 16)
    with pytest.raises(StaleCache, match=r'taps \(shared then, label.out, shared, trunk.1 now\)'):
        steps(cached)


def test_mistakes_are_sentences(folder, tmp_path):
    with pytest.raises(ValueError, match="teacher_cache: mode must be one of views, clean"):
        CachePlan(mode='dirty')
    with pytest.raises(ValueError, match="teacher_cache has no key 'view'"):
        CachePlan.of({'teacher_cache': {'view': 2}})
    plain = job(folder, tmp_path, 'joint')
    cfg = plain.prepared()
    cfg.model.net.trunk.experts.big.teacher_train_mode = True
    with pytest.raises(ValueError, match='depends on the rest of the batch'):
        write_all(cfg, CachePlan.of(cfg), print)


def test_clips_are_cached_by_views_only():
    plain = {'tasks': {'label': 'class_label'}, 'num_classes': {'label': 3}, 'num_samples': 4}
    clips = DATASETS.build({'type': 'SyntheticClips', **plain})
    with pytest.raises(ValueError, match="SyntheticClips contains clips, whose frames differ .*mode='views'"):
        cache._fix_views(clips, CachePlan('clean'))
    cache._fix_views(clips, CachePlan('views', views=2, seed=5))
    assert (clips.views, clips.seed) == (2, 5)
    assert (clips[0, 0]['image'] == clips[0, 2]['image']).all() and (clips[0, 0]['image'] != clips[0, 1]['image']).any()
    keys = [cache.key_of(cache.Part('big', Teacher(torch.nn.Linear(1, 1)), ('shared',), part, Path('nowhere')), CachePlan())
            for part in (clips, DATASETS.build({'type': 'SyntheticClips', 'sampling': 'centre', **plain}))]
    assert (keys[0]['frames'], keys[1]['frames']) == ('random', 'centre')
