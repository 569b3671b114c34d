"""The base configs of the face data sets use classes that their adapters and tasks know."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mtkd.datasets import MixSampler
from mtkd.registry import DATASETS
from mtkd.tasks import build_tasks

from .copies import write_fairface

FOLDER = Path(__file__).resolve().parents[3] / 'configs' / '_base_' / 'datasets'


def load(name):
    return Config.fromfile(str(FOLDER / f'{name}.py'), lazy_import=False)


def built(cfg, dataset, root):
    tasks = build_tasks(cfg.tasks)
    kinds = {name: task.kind for name, task in tasks.items()}
    classes = {name: task.num_classes for name, task in tasks.items() if hasattr(task, 'num_classes')}
    for leaf in dataset.get('datasets') or [dataset]:
        leaf.update(data_root=str(root), num_classes=classes)
    return DATASETS.build(dataset, default_args={'tasks': kinds})


@pytest.mark.parametrize('name', ['adience', 'faces', 'fairface', 'fairface_parts', 'utkface'])
def test_every_base_config_builds(name, tmp_path):
    cfg = load(name)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert built(cfg, loader.dataset, tmp_path).kinds.keys() == cfg.tasks.keys()


def test_the_parts_of_fairface(tmp_path):
    for split, count in (('train', 120), ('val', 9)):
        write_fairface(tmp_path, count, split)
    cfg = load('fairface_parts')
    cfg.train_dataloader.dataset.datasets = [*cfg.main, *cfg.other, *cfg.unlabelled]
    data = built(cfg, cfg.train_dataloader.dataset, tmp_path)
    data.full_init()
    assert data.sizes == [20, 20, 20, 10, 10, 10, 30]
    ids = [entry['sample_id'] for part in data.datasets for entry in part.entries]
    assert len(set(ids)) == 120
    for part in data.datasets:
        task, domain = part.name.split('_')
        assert {name for name, count in part.label_counts().items() if count} == {task} - {'unlabelled'}
        assert part.domain == domain and part.serves_batches
        image = part.load(0)['image']
        assert (image == image[..., :1]).all() == (domain == 'other')
    assert sum(MixSampler(data).quota(cfg.train_dataloader.batch_size)) == 64
    assert built(cfg, cfg.test_dataloader.dataset, tmp_path).label_counts() == {'age': 9, 'gender': 9, 'race': 9}
    other = Config({**cfg.test_dataloader.dataset, 'domain': 'other'})
    image = built(cfg, other._cfg_dict, tmp_path).load(0)['image']
    assert (image == image[..., :1]).all()


def test_a_single_task_on_its_own_sets(tmp_path):
    path = tmp_path / 'single.py'
    path.write_text(f"""_base_ = ['{FOLDER / 'fairface_parts.py'}']
tasks = dict(_delete_=True, age=_base_.tasks.age)
train_dataloader = dict(dataset=dict(datasets=[_base_.age_main, *_base_.unlabelled, _base_.race_main]))
""")
    write_fairface(tmp_path, 24)
    cfg = Config.fromfile(str(path), lazy_import=False)
    data = built(cfg, cfg.train_dataloader.dataset, tmp_path)
    data.full_init()
    assert [part.label_counts() for part in data.datasets] == [{'age': 4}, {'age': 0}, {'age': 0}]
