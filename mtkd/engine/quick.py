"""``--quick``: a config and everything before it, cut down to minutes on a CPU, on its own data and with its own parts.

What comes of it is no result: it is marked wherever it is kept. The suite of its records ends in ``_quick``, so that no
leaderboard puts it beside real rows, and its work dirs lie below ``work_dirs/quick``, so that no student takes it for a
real teacher.
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

KEY = 'quick'  # of a config that has been cut down
SUFFIX = '_quick'  # of the suite of its records
ITERATIONS, EPOCHS = 20, 2  # of a training; epochs for those that count in epochs
SAMPLES, HELD_OUT = 64, 16  # of a data set in training, and in validation or test
BATCH = 8
LONGEST = 128  # pixels of the longer side of an image whose labels are maps
VIEWS = 2  # of a teacher cache
LOG_INTERVAL = 5
NEVER = 10 ** 6  # iterations
_UNTIL = ('end', 'T_max', 'step_size', 'cutoff_iters')  # of schedules
_FIXED = ('runtime_info', 'finite')  # hooks that follow the logging interval


def is_quick(cfg: Mapping[str, Any]) -> bool:
    """Whether a config has been cut down."""
    return bool(cfg.get(KEY))


def flag(cfg: Mapping[str, Any]) -> str:
    """What a command in a message has to end in to be of the same kind."""
    return ' --quick' if is_quick(cfg) else ''


def trained_quickly(meta: Mapping[str, Any]) -> bool:
    """Whether a checkpoint, by its ``meta``, is of a quick run."""
    identity = meta.get('identity')
    return isinstance(identity, Mapping) and is_quick(json.loads(identity['config']))


def protocol(usual: str) -> str:
    """What a record of a quick run says of its numbers."""
    return f'quick run, no result ({usual} of a shortened training on a part of the data)'


def shorten(cfg: Config) -> None:
    """Cut a config down in place, before a command line's options are merged into it.

    Fewer iterations, with schedules in proportion; some samples of each data set, drawn once and for all; batches of at most
    8; images whose labels are maps at most 128 pixels wide, all their sizes in proportion; no loader workers; one
    validation in the end. Networks, losses, links, balances and weights stay as they are.
    """
    cfg[KEY] = True
    cfg.suite = f'{cfg.get("suite") or Path(cfg.filename).stem}{SUFFIX}'
    for name in DATALOADERS:  # two may be one object
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
    """Numbers of samples in a batch, in their proportions."""
    quotas, labelled = sampler.get('quotas'), sampler.get('labelled')
    places: Sequence[float] = [now / before]  # a new place for each of before
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
    """Images of training crops that are large are resized as they are read, in all splits."""
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
    """Whether a task's labels are maps, by its class."""
    cls = TASKS.get(task['type']) if isinstance(task, Mapping) and isinstance(task.get('type'), str) else None
    return bool(getattr(getattr(cls, 'kind', None), 'spatial', False))


def _last_size(dataset: Any) -> Size | None:
    """The size of the last transform that has one."""
    for transform in reversed(dataset.get('pipeline') or []):
        size = transform.get('size') if isinstance(transform, Mapping) else None
        if isinstance(size, Sequence) and len(size) == 2:
            return int(size[0]), int(size[1])
    return None


def scaled(size: Size) -> Size:
    """A size whose longer side is at most :data:`LONGEST`, of about the same shape, in multiples of 32."""
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
        train.val_interval = train.get('max_iters') or NEVER  # and after the last
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
    """Bring the numbers of schedules that count as the training does into its new length."""
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
