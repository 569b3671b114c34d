"""What --smoke makes of a config; that it runs is tested in test_configs.py."""

from mtkd.engine.config import datasets_of, load_config
from mtkd.engine.smoke import BATCH, ITERATIONS, SIZE, smoke
from mtkd.engine.stages import resolve_teachers


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
    assert cfg.train_dataloader.dataset.type == 'PASCALContextMT', 'the config itself must stay as it was'
