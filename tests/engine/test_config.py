"""Loading and preparing configs: options are checked, tasks passed on, roots joined."""

from pathlib import Path

import pytest

from mtkd.engine.config import check_option, config_hash, default_work_dir, load_config, prepare
from mtkd.engine.loaders import datasets_of
from tests.engine.toy import write_config

ROOT = Path(__file__).resolve().parents[2]


def test_a_config_inherits_from_one_of_mtkds_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'own.py').write_text("_base_ = ['mtkd::quickstart/student']\nmethod = 'own'\n")
    cfg = load_config('own.py')
    assert cfg.method == 'own' and cfg.model.net.backbone.name == 'mobilenetv3_small_100'
    (tmp_path / 'wrong.py').write_text("_base_ = ['mtkd::quickstart/studnt']\n")
    with pytest.raises(ValueError, match='did you mean quickstart/student'):
        load_config('wrong.py')


def test_unreadable_config_says_why(tmp_path):
    (tmp_path / 'broken.py').write_text('model = dict(\n')
    with pytest.raises(ValueError, match=r'broken\.py cannot be read as a config: SyntaxError'):
        load_config(tmp_path / 'broken.py')


@pytest.mark.parametrize('key', [
    'optim_wrapper.optimizer.lr', 'model.net.backbone.pretrained', 'model.net.backbone.checkpoint',
    'train_dataloader.dataset.cache', 'param_scheduler.0.power', 'optim_wrapper.clip_grad', 'randomness',
    'test_evaluator.workers', 'default_hooks.checkpoint.keep'])
def test_known_options_pass(key):
    check_option(load_config('configs/baselines/mt_hrnet18_nyud.py'), key)


@pytest.mark.parametrize('key', ['model.distiller.teachers.swinL.checkpoint', 'model.distiller.teachers.swinL.dtype',
                                 'model.distiller.weight', 'model.distiller.links'])
def test_options_of_parts_without_a_type_pass(key):
    check_option(load_config('configs/kdam/swinT_from_swinL_nyud.py'), key)


@pytest.mark.parametrize(('key', 'message'), [
    ('optim_wraper.optimizer.lr', "the config has no 'optim_wraper'; nearest: optim_wrapper"),
    ('model.net.backbone.pretraind', "model.net.backbone has no 'pretraind'; nearest: pretrained"),
    ('model.net.bakbone.name', "model.net has no 'bakbone'; nearest: backbone"),
    ('train_cfg.max_iters.more', 'train_cfg.max_iters is 40000, which has no keys'),
    ('param_scheduler.7.power', 'param_scheduler is a list of length 1'),
    ('model.distiler.weight', "model has no 'distiler'; nearest: distiller")])
def test_unknown_options_are_errors(key, message):
    with pytest.raises(ValueError, match=message):
        check_option(load_config('configs/baselines/mt_hrnet18_nyud.py'), key)


def test_prepare_hands_out_tasks_and_joins_roots(tmp_path):
    cfg = load_config('configs/baselines/mt_hrnet18_nyud.py')
    ready = prepare(cfg, work_dir=tmp_path, seed=3, data_root='/somewhere', amp='bf16')
    assert set(ready.model.tasks) == {'semseg', 'depth', 'normals', 'edge'}
    dataset = next(datasets_of(ready.train_dataloader))
    assert dataset.data_root == str(Path('/somewhere/NYUD_MT'))
    assert dataset.tasks == {'semseg': 'class_map', 'depth': 'depth', 'normals': 'normals', 'edge': 'edge_map'}
    assert dataset.num_classes == {'semseg': 40}
    assert ready.param_scheduler[0].end == 40000
    assert ready.optim_wrapper.type == 'AutocastOptimWrapper'
    assert ready.randomness.seed == 3
    assert 'tasks' not in cfg.model, 'the loaded config must be unchanged'


def test_loaders_made_of_one_variable_share_nothing(tmp_path):
    base = tmp_path / 'base.py'
    base.write_text(write_config(tmp_path).read_text() + """
alone = dict(sampler=dict(type='EvalSampler'), dataset=dict(
    type='MultiDataset', datasets=[dict(type='SVHN', data_root='svhn', split='test')]))
val_dataloader = dict(sampler=dict(type='EvalSampler'), dataset=dict(type='MultiDataset', datasets=[]))
test_dataloader = dict(sampler=dict(type='EvalSampler'), dataset=dict(type='MultiDataset', datasets=[]))
train_cfg = dict(type='TrainLoop', max_iters=2, val_interval=1)
""")
    child = tmp_path / 'child.py'
    child.write_text("_base_ = ['base.py']\nval_dataloader = {{_base_.alone}}\ntest_dataloader = {{_base_.alone}}\n")
    ready = prepare(load_config(child), work_dir=tmp_path, seed=0, data_root='somewhere')
    roots = [loader.dataset.datasets[0].data_root for loader in (ready.val_dataloader, ready.test_dataloader)]
    assert roots == [str(Path('somewhere/svhn'))] * 2, 'joined exactly once'


def test_hash_is_the_same_for_all_seeds_and_roots(tmp_path):
    cfg = load_config('configs/baselines/mt_hrnet18_nyud.py')
    hashes = {prepare(cfg, work_dir=tmp_path / str(seed), seed=seed, data_root=root).config_sha256
              for seed, root in ((0, 'a'), (1, 'b'))}
    assert hashes == {config_hash(cfg.to_dict())}
    changed = load_config('configs/baselines/mt_hrnet18_nyud.py', {'optim_wrapper.optimizer.lr': 0.5})
    assert config_hash(changed.to_dict()) not in hashes


def test_without_tasks_it_is_no_training_config(tmp_path):
    (tmp_path / 'empty.py').write_text('model = dict()\n')
    with pytest.raises(ValueError, match='is not a training config: it lacks tasks'):
        prepare(load_config(tmp_path / 'empty.py'), work_dir=tmp_path, seed=0, data_root='data')


def test_without_val_interval_nothing_is_validated(tmp_path):
    cfg = load_config(write_config(tmp_path))
    ready = prepare(cfg, work_dir=tmp_path, seed=0, data_root='data')
    assert ready.val_dataloader is None and ready.val_cfg is None and ready.val_evaluator is None


def test_default_work_dir(monkeypatch):
    monkeypatch.delenv('MTKD_WORK_DIRS', raising=False)
    assert default_work_dir('configs/kdam/a_from_b.py', 2) == Path('work_dirs/a_from_b/seed2')
    monkeypatch.setenv('MTKD_WORK_DIRS', 'elsewhere')
    assert default_work_dir('a.py', 0) == Path('elsewhere/a/seed0')
    assert default_work_dir('a.py', 0, quick=True) == Path('elsewhere/quick/a/seed0')
    told = default_work_dir('a.py', 1, {'train_cfg.max_iters': 3})
    assert told.parent.name.startswith('a+') and told.name == 'seed1' and told.parent.parent == Path('elsewhere')


def test_hash_depends_on_values_not_on_order():
    assert config_hash({'a': 1, 'b': [2, 3]}) == config_hash({'b': [2, 3], 'a': 1})
    assert config_hash({'a': 1}) != config_hash({'a': 2})


def test_the_hash_of_a_config_is_the_same_for_teachers_of_other_seeds():
    one, two, other = ({'checkpoint': f'work_dirs/{name}/seed{seed}/final.pth'} for name, seed in
                       (('a', 0), ('a', 1), ('b', 0)))
    assert config_hash(one) == config_hash(two) != config_hash(other)


def test_a_checkpoint_is_scored_without_the_weights_it_began_from(tmp_path):
    cfg = load_config('configs/baselines/mt_lite0_nyud114.py')
    trained, scored = (prepare(cfg, work_dir=tmp_path, seed=0, data_root=tmp_path, training=training)
                       for training in (True, False))
    assert trained.model.net.backbone.weights == 'package' and scored.model.net.backbone.weights is None
    assert scored.model.data_preprocessor.mean == (127.0,) * 3 and scored.config_sha256 == trained.config_sha256
