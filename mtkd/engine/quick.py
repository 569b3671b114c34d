"""``--quick``: shortens a config and its prerequisites to minutes on a CPU, with the data and networks of the config.

The metrics of a quick run are not results and are marked as such. The suite of its records ends in ``_quick``, so that no
leaderboard lists them with real results. Its work dirs are in ``work_dirs/quick``, so that no student uses its weights as
a real teacher.
"""

import copy
import inspect
import json
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from ..datasets import TaskDataset
from ..datasets.multi import apportion
from ..registry import DATASETS, TASKS
from ..structures import Size
from .loaders import DATALOADERS, datasets_of
from .validate import takes

KEY = 'quick'  # set in a shortened config
SUFFIX = '_quick'  # of the suite of its records
ITERATIONS, EPOCHS = 20, 2  # length of a training; epochs if its length is given in epochs
SAMPLES, HELD_OUT = 64, 16  # samples of a data set in training, and in validation or test
BATCH = 8  # maximum batch size
LONGEST = 128  # maximum length in pixels of the longer side of an image with dense labels
VIEWS = 2  # maximum number of views in a teacher cache
LOG_INTERVAL = 5  # iterations
NEVER = 10 ** 6  # iterations
_UNTIL = ('end', 'T_max', 'step_size', 'cutoff_iters')  # arguments of schedules that are lengths
_FIXED = ('runtime_info', 'finite')  # hooks that follow the logging interval


def is_quick(cfg: Mapping[str, Any]) -> bool:
    """Whether a config has been shortened."""
    return bool(cfg.get(KEY))


def flag(cfg: Mapping[str, Any]) -> str:
    """``' --quick'`` for a shortened config, to be appended to a command in a message; otherwise ``''``."""
    return ' --quick' if is_quick(cfg) else ''


def trained_quickly(meta: Mapping[str, Any]) -> bool:
    """Whether a checkpoint with this ``meta`` was written by a quick run."""
    identity = meta.get('identity')
    return isinstance(identity, Mapping) and is_quick(json.loads(identity['config']))


def protocol(usual: str) -> str:
    """The protocol in a record of a quick run, from the ``usual`` protocol."""
    return f'quick run, not a result ({usual} of a shortened training on a part of the data)'


def shorten(cfg: Config) -> None:
    """Shorten a config in place, before command-line options are merged into it.

    The run has at most 20 iterations or 2 epochs, with schedules shortened in proportion; a fixed subset of each data set;
    batches of at most 8 samples, if each data set of a batch still has one; images with dense labels whose longer side is at
    most 128 pixels; no loader workers; and one validation at the end. Networks, losses, links, balances and weights are
    unchanged.

    Args:
        cfg: a loaded config; it is modified.
    """
    cfg[KEY] = True
    cfg.suite = f'{cfg.get("suite") or Path(cfg.filename).stem}{SUFFIX}'
    for name in DATALOADERS:  # several loaders may be the same object
        if cfg.get(name):
            cfg[name] = copy.deepcopy(cfg[name])
    _shrink_pictures(cfg)
    for name in DATALOADERS:
        if cfg.get(name):
            _shorten_loader(cfg[name], SAMPLES if name == 'train_dataloader' else HELD_OUT)
    _shorten_training(cfg)
    if cfg.get('teacher_cache') and cfg.teacher_cache.get('views', 1) > VIEWS:
        cfg.teacher_cache.views = VIEWS


def _shorten_loader(loader: Any, samples: int) -> None:
    for dataset in datasets_of(loader):
        cls = DATASETS.get(dataset['type']) if isinstance(dataset.get('type'), str) else dataset.get('type')
        key = next((key for key in ('limit', 'num_samples') if inspect.isclass(cls) and takes(cls, key)), None)
        if key is not None and issubclass(cls, TaskDataset):
            dataset[key] = min(dataset.get(key) or samples, samples)
    loader.num_workers = 0
    for key in ('persistent_workers', 'prefetch_factor'):
        loader.pop(key, None)
    before = loader.get('batch_size')
    if isinstance(before, int) and before > BATCH:
        loader.batch_size = max(BATCH, len(loader.dataset.get('datasets') or ()))
        _shrink_quotas(loader.get('sampler') or {}, before, loader.batch_size)


def _shrink_quotas(sampler: Any, before: int, now: int) -> None:
    """Reduce the numbers of samples per batch of a sampler from batch size ``before`` to ``now``, in proportion."""
    quotas, labelled = sampler.get('quotas'), sampler.get('labelled')
    places: Sequence[float] = [now / before]  # factor for the number of samples of each data set
    if quotas is not None and not isinstance(quotas, str):
        sampler.quotas = apportion(np.array(quotas) / sum(quotas), now)
        places = [new / old for new, old in zip(sampler.quotas, quotas, strict=True)]
    if isinstance(labelled, int):
        sampler.labelled = max(1, int(labelled * places[0]))
    elif labelled is not None:
        places = places if len(places) == len(labelled) else [0.0] * len(labelled)
        sampler.labelled = [None if part is None else max(1, int(part * share))
                            for part, share in zip(labelled, places, strict=True)]


def _shrink_pictures(cfg: Config) -> None:
    """Resize the images of all splits when they are read, if the training crops are larger than :data:`LONGEST`."""
    if not any(_has_maps(task) for task in (cfg.get('tasks') or {}).values()):
        return
    sizes = [size for dataset in datasets_of(cfg.get('train_dataloader')) if (size := _last_size(dataset)) is not None]
    if not sizes or max(sizes[0]) <= LONGEST:
        return
    size = scaled(sizes[0])
    for name in DATALOADERS:
        for dataset in datasets_of(cfg.get(name)):
            if dataset.get('datasets'):
                continue
            pipeline = dataset.get('pipeline') or []
            for transform in pipeline:
                if isinstance(transform, MutableMapping) and transform.get('size') is not None:
                    transform['size'] = size
            dataset.pipeline = [{'type': 'Resize', 'size': size}, *pipeline]


def _has_maps(task: Any) -> bool:
    """Whether the labels of a task are dense, by its class."""
    cls = TASKS.get(task['type']) if isinstance(task, Mapping) and isinstance(task.get('type'), str) else None
    return bool(getattr(getattr(cls, 'kind', None), 'spatial', False))


def _last_size(dataset: Any) -> Size | None:
    """(height, width) of the last transform with a size."""
    for transform in reversed(dataset.get('pipeline') or []):
        size = transform.get('size') if isinstance(transform, Mapping) else None
        if isinstance(size, Sequence) and len(size) == 2:
            return int(size[0]), int(size[1])
    return None


def scaled(size: Size) -> Size:
    """A (height, width) of about the same aspect ratio, in multiples of 32, with the longer side :data:`LONGEST`."""
    factor = LONGEST / max(size)
    height, width = (max(32, round(side * factor / 32) * 32) for side in size)
    return height, width


def _shorten_training(cfg: Config) -> None:
    train = cfg.get('train_cfg')
    if not train:
        return
    key, most = ('max_epochs', EPOCHS) if train.get('max_epochs') else ('max_iters', ITERATIONS)
    before = int(train[key])
    train[key] = min(before, most)
    _scale_schedules(cfg.get('param_scheduler'), train[key] / before, by_epoch=key == 'max_epochs')
    if train.get('val_interval'):
        train.val_interval = train.get('max_iters') or NEVER  # the loop also validates after the last iteration
    hooks = cfg.get('default_hooks') or {}
    for name, hook in hooks.items():
        if hook and name in _FIXED:
            hook.pop('interval', None)
        elif hook and 'interval' in hook:
            hook.interval = LOG_INTERVAL if name == 'logger' else ITERATIONS
    for hook in cfg.get('custom_hooks') or []:
        if hook.get('type') == 'LabelCountHook':
            hook.pop('interval', None)
    if (cfg.get('optim_wrapper') or {}).get('accumulative_counts'):
        cfg.optim_wrapper.accumulative_counts = 1


def _scale_schedules(schedules: Any, factor: float, by_epoch: bool) -> None:
    """Multiply the lengths of schedules by ``factor``, if they use the same unit (epochs or iterations) as the training."""
    for schedule in schedules if isinstance(schedules, list | tuple) else [schedules] if schedules else []:
        if bool(schedule.get('by_epoch', True)) != by_epoch:
            continue
        begin = int((schedule.get('begin') or 0) * factor)
        if schedule.get('begin'):
            schedule.begin = begin
        for key in _UNTIL:
            if isinstance(schedule.get(key), int):
                schedule[key] = max(1 + (begin if key == 'end' else 0), round(schedule[key] * factor))
        if schedule.get('milestones'):
            schedule.milestones = sorted({max(1, round(m * factor)) for m in schedule.milestones})
