"""Every config is read, prepared and built; one per family and method runs two iterations on synthetic data.

MTKD_TEST_ALL_CONFIGS=1 (make test-configs) runs every one of them.
"""

import json
import os
from pathlib import Path

import pytest
import torch

from mtkd.engine.config import load_config, prepare
from mtkd.engine.run import Job, train
from mtkd.engine.smoke import without_weights
from mtkd.prerequisites.earlier_runs import resolve_teachers
from mtkd.prerequisites.pseudo_labels.stage import use_pseudo_labels
from mtkd.registry import DATASETS, MODELS

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'configs').rglob('*.py')
                 if not {'_base_', 'sweeps'} & set(path.parts))
TRIED = [
    'configs/baselines/mt_hrnet18_nyud.py', 'configs/baselines/st_hrnet18_nyud228_normals.py',
    'configs/baselines/mt_swinT_nyud.py', 'configs/baselines/mt_hrnet18_pascal.py',
    'configs/kdam/hrnet18_from_swinT_camvid.py', 'configs/kdam/mobilenetv3_from_resnet34_nyud114.py',
    'configs/kdam/mobilenetv3_from_resnet34_nyud114_plainkd.py', 'configs/kdam/mobilenetv3_from_resnet34_nyud114_dist.py',
    'configs/kdam/swinT_from_swinL_nyud.py', 'configs/quickstart/student_kdam.py',
    'configs/kdam/atrc_mobilenetv3_from_resnet34_nyud114.py', 'configs/kdam/psd_mobilenetv3_from_resnet34_nyud114.py',
    'configs/baselines/mtinet_mobilenetv3_nyud114.py', 'configs/baselines/taskprompter_vitTi_nyud114.py',
    'configs/baselines/mtmamba_mobilenetv3_nyud114.py', 'configs/baselines/dselect_k_resnet10_fairface.py',
    'configs/baselines/atrc_search_mobilenetv3_nyud114.py', 'configs/baselines/atrc_searched_mobilenetv3_nyud114.py',
    'configs/kd4mtl/lenet_svhn_omniglot_adaptors.py', 'configs/kd4mtl/lenet_svhn_omniglot_bam.py',
    'configs/kd4mtl/lenet_svhn_omniglot_subset_gradnorm.py', 'configs/kd4mtl/lenet_svhn_omniglot_subset_upgrad.py',
    'configs/kd4mtl/segnet_nyuv2_small_adaptors.py', 'configs/kd4mtl/segnet_cityscapes_mgda.py',
    'configs/kd4mtl/mtan_cityscapes_adaptors.py', 'configs/kd4mtl/mtan_nyuv2_gs.py',
    'configs/kdam/invpt_mobilenetv3_from_resnet34_nyud114.py', 'configs/mlfd/mt_action_utd_merged.py',
    'configs/mlfd/action_utd_odd_maxpool.py', 'configs/mlfd/student_action_utd_first_l1_l2.py',
    'configs/mlfd/joint_s32_stride4.py', 'configs/mlfd/student_s32_gtsrb_l1_l2.py', 'configs/mlfd/mt_s32_merged.py',
    'configs/distill_2md_mtl/fairface_st_age_all.py', 'configs/distill_2md_mtl/fairface_mt_all_distill.py']
TRIED += [config for config in CONFIGS if config.startswith('configs/catalogue/')]
SMOKED = CONFIGS if os.environ.get('MTKD_TEST_ALL_CONFIGS') == '1' else TRIED


@pytest.fixture
def no_initial_values(monkeypatch):
    """On the meta device, initial values have no effect, and computing them takes longer than everything else."""
    for name in vars(torch.nn.init):
        if name.endswith('_') and not name.startswith('_'):
            monkeypatch.setattr(torch.nn.init, name, lambda tensor, *args, **kwargs: tensor)
    monkeypatch.setattr('timm.layers.weight_init._trunc_normal_', lambda tensor, *args, **kwargs: tensor)


@pytest.mark.parametrize('config', CONFIGS)
def test_config_builds(config, tmp_path, no_initial_values):
    cfg = load_config(ROOT / config)
    for key in ('suite', 'method', 'student', 'backbone', 'data_set'):
        assert cfg.get(key), f'{config} does not state its {key}'
    assert f'python tools/train.py {config}' in (ROOT / config).read_text(), 'the header must name the command'
    cfg = resolve_teachers(cfg, seed=0, random=True)
    ready = prepare(cfg, work_dir=tmp_path, seed=0, data_root=tmp_path)
    without_weights(ready.model)
    distilled = use_pseudo_labels(ready, seed=0, random=True).model
    with torch.device('meta'):
        model = MODELS.build(distilled)
    assert set(model.net.tasks) == set(cfg.tasks)
    if distilled.get('distiller'):
        terms = {name.split('/')[0] for name in model.distiller.term_weights}
        assert terms == set(cfg.tasks), 'every task is distilled'
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        if ready.get(loader):
            assert DATASETS.build(ready[loader].dataset).kinds.keys() == cfg.tasks.keys()


@pytest.mark.slow
@pytest.mark.parametrize('config', SMOKED)
def test_config_runs(config, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    folder = train(Job(config, smoke=True, work_dir=tmp_path))
    lines = [json.loads(line) for line in (folder / 'vis_data' / 'scalars.json').read_text().splitlines()]
    steps = [line for line in lines if 'loss' in line]
    assert [line['step'] for line in steps] == [1, 2]
    assert all(value == value for line in steps for value in line.values() if isinstance(value, float)), 'a term is NaN'
    if 'kdam' in config:
        assert any('cs_inter' in key or key.endswith(('/kd', 'dist_inter')) for key in steps[0])
    assert (folder / 'final.pth').is_file()
