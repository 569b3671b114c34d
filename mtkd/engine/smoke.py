"""``--smoke``: runs any config for a few iterations on synthetic data, without its data, weights or teachers."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.config import Config

from ..datasets import ClipDataset
from ..datasets.multi import apportion
from ..registry import DATASETS
from ..structures import KINDS
from ..tasks import build_tasks
from .loaders import DATALOADERS, datasets_of

ITERATIONS = 2
BATCH = 2
SIZE = (64, 96)


def smoke(cfg: Config) -> Config:
    """A copy of ``cfg`` reduced to a trial run.

    Data sets are replaced by synthetic ones with the same tasks: scenes with reduced images and crops for dense labels;
    images or clips of the original size for image-level labels. Each of several data sets has its own replacement with the
    same labels. There are no pretrained weights and no loader workers; two iterations and one validation are run.
    """
    cfg = copy.deepcopy(cfg)
    kinds = {name: task.kind.name for name, task in build_tasks(cfg.get('tasks') or {}).items()}
    for loader in DATALOADERS:
        if not cfg.get(loader):
            continue
        for part in cfg[loader].dataset.get('datasets') or []:
            part.setdefault('name', part['type'])  # MultiDataset requires unique names
        for dataset in datasets_of(cfg[loader]):
            synthesise(dataset, kinds)
        cfg[loader].num_workers = 0
        cfg[loader].pop('persistent_workers', None)
        cfg[loader].pop('prefetch_factor', None)
        if 'batch_size' in cfg[loader]:
            _shrink_batch(cfg[loader])
    without_weights(cfg.model)
    cfg.teacher_cache = None
    if cfg.get('train_cfg'):
        cfg.train_cfg.pop('max_epochs', None)
        cfg.train_cfg.max_iters = ITERATIONS
        cfg.train_cfg.val_interval = ITERATIONS
    for hook in (cfg.get('default_hooks') or {}).values():
        if hook and 'interval' in hook:
            hook.interval = 1
    return cfg


def _shrink_batch(loader: Any) -> None:
    """Reduce the batch size, with at least one sample per data set; numeric quotas keep their proportions."""
    loader.batch_size = max(BATCH, len(loader.dataset.get('datasets') or ()))
    if (loader.get('sampler') or {}).get('type') == 'LabelledSampler':  # too few images for both kinds
        loader.sampler = {'type': 'ShuffleSampler'}
    if (loader.get('sampler') or {}).get('labelled') is not None:
        loader.sampler.pop('labelled')
    quotas = (loader.get('sampler') or {}).get('quotas')
    if quotas is not None and not isinstance(quotas, str):
        loader.sampler.quotas = apportion(np.array(quotas) / sum(quotas), loader.batch_size)


def synthesise(dataset: Any, kinds: Mapping[str, str]) -> None:
    """Replace the config of a data set by that of a synthetic one with the same tasks, in place.

    Args:
        dataset: config of a data set; that of a MultiDataset is left unchanged.
        kinds: task -> kind of label, used if the data set does not list its tasks.
    """
    if dataset.get('datasets'):
        return
    kept = {key: dataset[key] for key in ('name', 'tasks', 'num_classes', 'split') if key in dataset}
    pipeline = copy.deepcopy(dataset.get('pipeline') or [])
    served = dict(dataset.get('tasks') or kinds)
    if any(KINDS[kind].spatial for kind in served.values()):
        for transform in pipeline:
            if 'size' in transform:
                transform['size'] = SIZE
        stand_in: dict[str, Any] = {'type': 'SyntheticScenes', 'size': SIZE, 'keep_labels': dataset.get('keep_labels')}
    else:
        described = DATASETS.build({**dataset, 'tasks': served})  # files are accessed only on use
        hidden = set(served) - set(dataset['keep']) if dataset.get('keep') is not None else set()
        stand_in = {'type': 'SyntheticImages', 'size': tuple(getattr(described, 'size', SIZE)),
                    'labelled': [task for task in served if task in described.OFFERS and task not in hidden]}
        if isinstance(described, ClipDataset):
            stand_in.update(type='SyntheticClips', frames=described.frames, sampling=described.sampling)
    dataset.clear()
    dataset.update(num_samples=2 * BATCH, pipeline=pipeline, **stand_in, **kept)


def without_weights(node: Any) -> None:
    """Disable pretrained weights in all parts of the model."""
    for key, value in list(node.items()):
        if key == 'pretrained' and value:
            node[key] = False
        elif key in ('checkpoint', 'weights') and isinstance(value, str):
            node[key] = None
        elif isinstance(value, dict):
            without_weights(value)
