"""``--quick``: what is reduced, what is unchanged, and how results are marked."""

import json

import pytest

from mtkd.cli.main import main
from mtkd.engine.checkpoint import FINAL, load
from mtkd.engine.config import default_work_dir, load_config
from mtkd.engine.loaders import datasets_of
from mtkd.engine.quick import (
    BATCH,
    HELD_OUT,
    ITERATIONS,
    LONGEST,
    SAMPLES,
    flag,
    is_quick,
    protocol,
    scaled,
    trained_quickly,
)
from mtkd.engine.run import Job, train
from mtkd.leaderboard import Result
from mtkd.prerequisites.earlier_runs import earlier_runs
from tests.engine.toy import write_config

LONG = ['kdam/swinT_from_swinL_nyud', 'kd4mtl/segnet_nyuv2_uniform', 'mlfd/joint_group_b_s7', 'few_labels/cifar10_taught',
        'baselines/atrc_search_hrnet18_nyud', 'distill_2md_mtl/fairface_mt_all_distill', 'kd4mtl/lenet_svhn_omniglot_bam']


@pytest.fixture
def pair(tmp_path, monkeypatch):
    """(student's config, teacher's), with work dirs inside tmp_path."""
    monkeypatch.setenv('MTKD_WORK_DIRS', str(tmp_path / 'work_dirs'))
    teacher = write_config(tmp_path, 'big', iters=200, method='teacher')
    return write_config(tmp_path, 'small', iters=200, val_interval=100, teacher=teacher, method='KDAM'), teacher


@pytest.mark.parametrize('name', LONG)
def test_shipped_configs_are_cut_down(name):
    whole, cfg = load_config(name), load_config(name, quick=True)
    train = cfg.train_cfg
    assert (train.get('max_iters') or 0) <= ITERATIONS and (train.get('max_epochs') or 0) <= 2
    assert cfg.suite == f'{whole.suite}_quick' and is_quick(cfg) and not is_quick(whole)
    assert cfg.train_dataloader.batch_size <= BATCH and cfg.train_dataloader.num_workers == 0
    for loader, most in (('train_dataloader', SAMPLES), ('test_dataloader', HELD_OUT)):
        leaves = [dataset for dataset in datasets_of(cfg.get(loader)) if not dataset.get('datasets')]
        assert leaves and all((dataset.get('limit') or dataset.num_samples) <= most for dataset in leaves)
    assert cfg.model.to_dict() == whole.model.to_dict(), 'networks, losses and weights are unchanged'


def test_quotas_and_pictures_keep_their_proportions():
    group = load_config('mlfd/joint_group_b_s7', quick=True).train_dataloader
    assert sum(group.sampler.quotas) == group.batch_size == BATCH
    labelled = load_config('few_labels/three_sets_taught', quick=True).train_dataloader.sampler
    assert all(1 <= part <= quota for part, quota in zip(labelled.labelled, labelled.quotas, strict=True))
    assert load_config('few_labels/cifar10_taught', quick=True).train_dataloader.sampler.labelled == 4
    nyud = load_config('kdam/swinT_from_swinL_nyud', quick=True)
    for loader in (nyud.train_dataloader, nyud.test_dataloader):
        pipeline = loader.dataset.pipeline
        assert pipeline[0] == {'type': 'Resize', 'size': (96, 128)}
        assert [part['type'] for part in pipeline].count('Resize') == 1
        assert {tuple(part['size']) for part in pipeline if part.get('size')} == {(96, 128)}
    assert scaled((1024, 2048)) == (64, 128) and max(scaled((425, 560))) <= LONGEST


def test_schedules_keep_their_proportions():
    whole, cfg = (load_config('kd4mtl/segnet_nyuv2_uniform', quick=quick) for quick in (False, True))
    assert whole.train_cfg.max_epochs == 200 and whole.param_scheduler[0].milestones == [100]
    assert cfg.train_cfg.max_epochs == 2 and cfg.param_scheduler[0].milestones == [1]


def test_options_go_over_it(pair):
    assert load_config(pair[1], {'train_cfg.max_iters': 7}, quick=True).train_cfg.max_iters == 7


def test_teachers_are_quick_and_lie_apart(pair, tmp_path):
    needed, = earlier_runs(load_config(pair[0], {'teachers.big.model.net.head.channels': 4}, quick=True), 0)
    assert needed.folder == default_work_dir(pair[1], 0, needed.options, quick=True)
    assert needed.folder.parents[1] == tmp_path / 'work_dirs/quick'
    assert '--quick' in needed.command and needed.load().train_cfg.max_iters == ITERATIONS
    assert flag(load_config(pair[0], quick=True)) == ' --quick' and flag(load_config(pair[0])) == ''


def test_the_whole_chain(pair, tmp_path, capfd):
    folder = train(Job(str(pair[0]), quick=True, with_prerequisites=True))
    root = tmp_path / 'work_dirs'
    assert folder == root / 'quick/small/seed0' and [path.name for path in root.iterdir()] == ['quick']
    for name in ('small', 'big'):
        meta = load(root / 'quick' / name / 'seed0' / FINAL)['meta']
        assert meta['iter'] == ITERATIONS and trained_quickly(meta)
    assert 'training it first' in capfd.readouterr().out
    assert main(['test', str(pair[0]), str(folder / FINAL)]) == 0, 'without --quick'
    assert 'is from a quick run' in capfd.readouterr().out
    result = Result.read(folder / 'results.json')
    assert result.suite == 'toy_quick' and result.protocol == protocol('last checkpoint')
    identity = json.loads(load(folder / FINAL)['meta']['identity']['config'])
    assert identity['quick'] and identity['train_dataloader']['dataset']['limit'] == SAMPLES


def test_it_is_not_smoke(pair):
    with pytest.raises(ValueError, match='--smoke uses synthetic data and --quick the data of the config: give one'):
        train(Job(str(pair[1]), smoke=True, quick=True))
