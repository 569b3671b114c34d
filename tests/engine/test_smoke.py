"""The changes that --smoke makes to a config; that it runs is tested in test_configs.py."""

from mmengine.config import Config

from mtkd.engine.config import load_config, prepare
from mtkd.engine.loaders import datasets_of
from mtkd.engine.smoke import BATCH, ITERATIONS, SIZE, smoke
from mtkd.prerequisites.earlier_runs import resolve_teachers
from mtkd.registry import DATASETS


def test_everything_is_cut_down():
    cfg = load_config('configs/kdam/hrnet18_from_swinL_pascal.py')
    small = smoke(resolve_teachers(cfg, 0, random=True))
    assert small.train_cfg.max_iters == ITERATIONS == small.train_cfg.val_interval
    assert not small.model.net.backbone.pretrained
    assert small.train_dataloader.num_workers == 0 and 'persistent_workers' not in small.train_dataloader
    assert small.train_dataloader.batch_size == BATCH
    dataset = next(datasets_of(small.train_dataloader))
    assert dataset.type == 'SyntheticScenes' and dataset.size == SIZE
    assert {'type': 'RandomCrop', 'size': SIZE} in dataset.pipeline
    assert cfg.train_dataloader.dataset.type == 'PASCALContextMT', 'the config itself must be unchanged'


def mixed(**train):
    """A config of two image-level data sets, with the keys that smoke and prepare use."""
    svhn = {'type': 'SVHN', 'data_root': 'svhn', 'split': 'test'}
    plain = {'type': 'FolderImages', 'task': 'sign', 'size': 24, 'name': 'signs',
             'pipeline': [{'type': 'RandomCrop', 'size': (24, 24)}]}
    return Config({
        'tasks': {'svhn': {'type': 'Classification', 'num_classes': 10},
                  'sign': {'type': 'Classification', 'num_classes': 43}, 'age': {'type': 'Age'}},
        'model': {}, 'train_dataloader': {
            'batch_size': 8, 'sampler': {'type': 'MixSampler', 'quotas': [6, 2]},
            'dataset': {'type': 'MultiDataset', 'datasets': [svhn, plain]}, **train}})


def test_each_image_level_set_has_its_stand_in():
    small = smoke(mixed())
    assert small.train_dataloader.sampler.quotas == [1, 1] and small.train_dataloader.batch_size == 2
    ready = prepare(small, work_dir='', seed=0, data_root='nowhere')
    leaves = ready.train_dataloader.dataset.datasets
    assert [leaf.type for leaf in leaves] == ['SyntheticImages'] * 2
    assert [leaf['size'] for leaf in leaves] == [(32, 32), (24, 24)], 'the sets keep their size'
    assert leaves[0].split == 'test' and leaves[1].pipeline == [{'type': 'RandomCrop', 'size': (24, 24)}]
    assert all(leaf.num_classes == {'svhn': 10, 'sign': 43} for leaf in leaves)
    union = DATASETS.build(ready.train_dataloader.dataset)
    labels = {part.name: {task for task, here in part[0]['present'].items() if here} for part in union.datasets}
    assert labels == {'SVHN': {'svhn'}, 'signs': {'sign'}}
    assert set(union[0]['targets']) == {'svhn', 'sign', 'age'}


def test_the_smoke_batch_has_room_for_every_set():
    dataset = {'type': 'MultiDataset', 'datasets': [
        {'type': 'SVHN', 'name': str(i)} for i in range(3)]}
    small = smoke(mixed(dataset=dataset, batch_size=100, sampler={'type': 'MixSampler', 'quotas': [80, 10, 10]}))
    assert small.train_dataloader.batch_size == 3 and small.train_dataloader.sampler.quotas == [1, 1, 1]
    rule = smoke(mixed(sampler={'type': 'MixSampler', 'quotas': 'sqrt'}))
    assert rule.train_dataloader.sampler.quotas == 'sqrt'
    alone = smoke(mixed(dataset={'type': 'MultiDataset', 'datasets': dataset['datasets'][:1]},
                        sampler={'type': 'MixSampler', 'quotas': [256]}))
    assert alone.train_dataloader.batch_size == 2 and alone.train_dataloader.sampler.quotas == [2]


def test_hidden_labels_stay_hidden():
    faces = {'type': 'UTKFace', 'name': 'faces', 'keep': ['age'], 'size': (40, 40)}
    cfg = mixed(dataset=faces, sampler={'type': 'ShuffleSampler'})
    cfg.tasks = {'age': {'type': 'Age'}, 'gender': {'type': 'Classification', 'num_classes': 2}}
    stand_in = smoke(cfg).train_dataloader.dataset
    assert stand_in.labelled == ['age'] and stand_in['size'] == (40, 40) and stand_in.name == 'faces'
    cfg.train_dataloader.dataset.keep = []
    ready = prepare(smoke(cfg), work_dir='', seed=0, data_root='nowhere')
    assert not any(DATASETS.build(ready.train_dataloader.dataset)[0]['present'].values())


def test_clips_stay_clips():
    cfg = mixed(dataset={'type': 'UTDMHAD', 'task': 'svhn', 'frames': 5, 'pipeline': [{'type': 'Resize', 'size': (20, 24)}]},
                sampler={'type': 'ShuffleSampler'})
    stand_in = smoke(cfg).train_dataloader.dataset
    assert stand_in.type == 'SyntheticClips' and stand_in.frames == 5 and stand_in.sampling == 'random'
    ready = prepare(smoke(cfg), work_dir='', seed=0, data_root='nowhere')
    sample = DATASETS.build(ready.train_dataloader.dataset)[0]
    assert sample['image'].shape == (5, 3, 20, 24) and sample['present'] == {'svhn': True, 'sign': False, 'age': False}


def test_dense_sets_of_a_union_keep_their_names():
    cfg = load_config('configs/quickstart/student_kdam.py')
    two = [{'type': 'CamVid', 'data_root': 'camvid'}, {'type': 'NYUDMT', 'data_root': 'NYUD_MT', 'name': 'rooms'}]
    cfg.train_dataloader.dataset = {'type': 'MultiDataset', 'datasets': two, '_delete_': True}
    small = smoke(cfg).train_dataloader.dataset.datasets
    assert [(part.type, part.name) for part in small] == [('SyntheticScenes', 'CamVid'), ('SyntheticScenes', 'rooms')]
