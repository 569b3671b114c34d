"""``--smoke``: any config for a few iterations on synthetic data, without its data, weights or teachers."""

import copy
from typing import Any

from mmengine.config import Config

from .config import DATALOADERS, datasets_of

ITERATIONS = 2
BATCH = 2
SIZE = (64, 96)


def smoke(cfg: Config) -> Config:
    """A copy of ``cfg`` cut down to a trial run.

    Data sets become synthetic ones with the same tasks; pictures and crops shrink; nothing is pretrained; no loader
    workers; two iterations, one validation of two samples.
    """
    cfg = copy.deepcopy(cfg)
    for loader in DATALOADERS:
        if not cfg.get(loader):
            continue
        for dataset in datasets_of(cfg[loader]):
            _synthesise(dataset)
        cfg[loader].num_workers = 0
        cfg[loader].pop('persistent_workers', None)
        cfg[loader].pop('prefetch_factor', None)
        if 'batch_size' in cfg[loader]:
            cfg[loader].batch_size = BATCH
    _no_weights(cfg.model)
    if cfg.get('train_cfg'):
        cfg.train_cfg.pop('max_epochs', None)
        cfg.train_cfg.max_iters = ITERATIONS
        cfg.train_cfg.val_interval = ITERATIONS
    for hook in (cfg.get('default_hooks') or {}).values():
        if hook and 'interval' in hook:
            hook.interval = 1
    return cfg


def _synthesise(dataset: Any) -> None:
    if dataset.get('datasets'):
        return
    pipeline = copy.deepcopy(dataset.get('pipeline') or [])
    for transform in pipeline:
        if 'size' in transform:
            transform['size'] = SIZE
    kept = {key: dataset[key] for key in ('tasks', 'num_classes', 'split') if key in dataset}
    dataset.clear()
    dataset.update(type='SyntheticScenes', num_samples=2 * BATCH, size=SIZE, pipeline=pipeline, **kept)


def _no_weights(node: Any) -> None:
    """Switch pretrained weights off wherever a part of the model asks for them."""
    for key, value in list(node.items()):
        if key == 'pretrained' and value:
            node[key] = False
        elif key == 'checkpoint' and isinstance(value, str):
            node[key] = None
        elif isinstance(value, dict):
            _no_weights(value)
