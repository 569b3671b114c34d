"""Check all loaders before the first step by loading one batch of each."""

import copy
import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from ..datasets import BadData, MultiDataset, TaskDataset
from ..datasets.plausible import implausible
from ..tasks import Task
from .unwrap import unwrapped

LOOKED_AT = 4096  # number of batches to search for one with samples of several data sets


def try_loaders(runner: Runner, cfg: Config) -> None:
    """Build the loaders of a training, check their data, and load the first batch of each.

    The test set is checked as well, so that errors in it are found before training; a config with ``test_dataloader=None``
    has none. The check uses no random numbers, so that it does not affect the training.

    Args:
        runner: the runner before training.
        cfg: its config.

    Raises:
        ValueError: a task has no label in any training data set and no link teaches it, a label is implausible for its task,
            or a batch cannot be loaded; the message names the loader and the remedy.
        FileNotFoundError: files of a data set are missing.
    """
    model = unwrapped(runner.model)
    tasks: Mapping[str, Task] = model.tasks
    taught = {term.split('/')[0] for term in getattr(model.distiller, 'term_weights', {})}
    with torch.random.fork_rng(devices=[]):
        train = runner.train_loop.dataloader
        check_tasks(list(leaves(train.dataset)), tasks, taught)
        try_loader('train_dataloader', train, tasks)
        validated = None
        if runner.val_loop is not None:
            validated = cfg.val_dataloader
            try_loader('val_dataloader', runner.val_loop.dataloader, tasks)
        test = cfg.get('test_dataloader')
        if test and not (validated and _as_plain(test) == _as_plain(validated)):
            try_loader('test_dataloader', _test_loader(test), tasks)


def leaves(dataset: Any) -> Iterator[Any]:
    """The leaf data sets of a combined data set."""
    if isinstance(dataset, MultiDataset):
        for part in dataset.datasets:
            yield from leaves(part)
    else:
        yield dataset


def check_tasks(datasets: Iterable[Any], tasks: Mapping[str, Any], taught: Iterable[str] = ()) -> None:
    """Check that every task has a training signal.

    Args:
        datasets: the training data sets; only those of mtkd are checked.
        tasks: the tasks of the model.
        taught: tasks that a distillation link trains, which need no label.

    Raises:
        ValueError: no data set provides a task, or none of those that do has a label.
    """
    datasets = list(datasets)
    if not all(isinstance(dataset, TaskDataset) for dataset in datasets):
        return
    offered = sorted({task for dataset in datasets for task in dataset.OFFERS})
    for task in tasks.keys() - set(taught):
        serving = [dataset for dataset in datasets if task in dataset.serves]
        names = ', '.join(dict.fromkeys(dataset.name for dataset in datasets))
        if not serving:
            near = difflib.get_close_matches(task, offered, n=1)
            cure = f"did you mean '{near[0]}'?" if near else 'correct its name, add a data set, or remove the task.'
            raise ValueError(f"no training data set labels the task '{task}' (there are {names}, which label "
                             f"{', '.join(offered) or 'nothing'}), so nothing would train it: {cure}")
        known = [(dataset.known_labels().get(task), dataset.kinds[task].name) for dataset in serving]
        if not any(labels is None or (~np.isnan(labels) if kind == 'scalar' else labels >= 0).any()
                   for labels, kind in known):
            raise ValueError(f"the task '{task}' has no label anywhere in the training data ({names}), so nothing would "
                             f'train it: check the labels, add a link that teaches it, or remove the task.')


def try_loader(name: str, loader: Any, tasks: Mapping[str, Any]) -> None:
    """Check the labels of a loader's data sets, and load its first batch and its first batch with several data sets.

    Raises:
        ValueError: see :func:`try_loaders`.
    """
    for dataset in leaves(loader.dataset):
        for task, built in tasks.items():
            limits = getattr(built, 'plausible', None)
            if limits is not None and isinstance(dataset, TaskDataset) and task in dataset.serves:
                found = implausible(dataset, task, *limits)
                if found is not None:
                    raise BadData(f'{name}: {found}')
    for keys in _batches(loader):
        try:
            ask = getattr(loader.dataset, '__getitems__', None)
            loader.collate_fn(ask(keys) if ask else [loader.dataset[key] for key in keys])
        except (FileNotFoundError, PermissionError):
            raise
        except Exception as error:
            said = str(error) if isinstance(error, ValueError) else f'{type(error).__name__}: {error}'
            raise ValueError(f'{name}: its first batch of {len(keys)} samples cannot be loaded: {said}') from error


def _batches(loader: Any) -> Iterator[list[Any]]:
    """The keys of the first batch, and of the first with samples of several data sets."""
    keys = list(islice(iter(loader.batch_sampler), 1))
    yield from keys
    if isinstance(loader.dataset, MultiDataset) and keys and len(_sets(loader.dataset, keys[0])) == 1:
        later = islice(iter(loader.batch_sampler), 1, min(len(loader.batch_sampler), LOOKED_AT))
        yield from islice((keys for keys in later if len(_sets(loader.dataset, keys)) > 1), 1)


def _sets(dataset: MultiDataset, keys: Iterable[Any]) -> set[int]:
    """The numbers of the data sets that a batch's samples come from."""
    return {key[0] if isinstance(key, tuple) else dataset.locate(key)[0] for key in keys}


def _test_loader(loader: Any) -> Any:
    """The test set's loader without workers; its data set is not read into memory."""
    loader = copy.deepcopy(loader)
    loader.num_workers = 0
    for key in ('persistent_workers', 'prefetch_factor'):
        loader.pop(key, None)
    pending = [loader.dataset]
    while pending:
        dataset = pending.pop()
        if dataset.get('cache'):
            dataset.cache = False
        pending.extend(dataset.get('datasets') or [])
    return Runner.build_dataloader(loader)


def _as_plain(loader: Any) -> Any:
    """The config of a loader without the settings that do not affect its batches."""
    plain = loader.to_dict() if hasattr(loader, 'to_dict') else dict(loader)
    without = ('num_workers', 'persistent_workers', 'prefetch_factor')
    return {key: value for key, value in plain.items() if key not in without}
