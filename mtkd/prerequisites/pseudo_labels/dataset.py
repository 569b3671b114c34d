"""Data sets with the pseudo-labels of a teacher."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log

from mtkd.registry import DATASETS

from ...datasets.base import BadData, TaskDataset
from ...datasets.multi import MultiDataset, leaves
from .file import Header, PseudoFile, Rules, SoftLabels, problem

TEACHER = 'pseudo'  # name of the pseudo-labels in the student's distiller


def file_of(dataset: TaskDataset, folder: Path) -> Path:
    """The file of a data set's pseudo-labels."""
    safe = ''.join(c if c.isalnum() or c in '-_.' else '_' for c in f'{dataset.name}-{dataset.split}')
    return folder / f'{safe}.npz'


def header_of(dataset: TaskDataset, teacher: str, weights: str, transforms: Sequence[str], precision: str,
              tasks: Mapping[str, int]) -> Header:
    """The expected header of the file of a data set's pseudo-labels."""
    about = dataset.metainfo
    names = about.get('classes', {})
    return Header(data_set=dataset.name, split=dataset.split, domain=about.get('domain', ''), teacher=teacher,
                  weights=weights, transforms=list(transforms), precision=precision, tasks=dict(tasks),
                  classes={task: [str(name) for name in names[task]] for task in tasks if task in names})


def sample_ids(dataset: TaskDataset) -> list[str]:
    """The ids of a data set's samples, in its order."""
    return [str(entry['sample_id']) for entry in dataset.entries]


@DATASETS.register_module('PseudoLabelled')
def with_pseudo_labels(dataset: Any, tasks: Mapping[str, int], tau: Any = None, top_p: Any = None,
                       folder: str | Path | None = None, teacher: str = '', weights: str = '',
                       transforms: Sequence[str] = (), precision: str = 'float32',
                       command: str = 'mtkd pseudo-label') -> TaskDataset | MultiDataset:
    """Attach pseudo-labels to a data set, as a teacher's stored taps ``<task>.probs``.

    The data set itself is returned: each of its parts gets one row per sample and task, (C,) float32, which is the zero
    vector if there is no pseudo-label or it is discarded. Configs do not use this function; the engine applies it to the
    training set of a config with ``pseudo_labels``.

    Args:
        dataset: a data set or its config.
        tasks: task -> number of classes (bins).
        tau: see :class:`~mtkd.prerequisites.pseudo_labels.file.Rules`.
        top_p: see :class:`~mtkd.prerequisites.pseudo_labels.file.Rules`.
        folder: folder of the files, one per data set; None: random rows, to try a config.
        teacher: the required config of the teacher.
        weights: the required fingerprint of its weights.
        transforms: the required averaged views.
        precision: the required precision of the teacher.
        command: the command that creates the files, for error messages.

    Raises:
        FileNotFoundError: the file of a data set does not exist.
        BadData: a file is damaged, or was created with another teacher, other samples, tasks or classes, or other settings.
    """
    built = DATASETS.build(dataset) if isinstance(dataset, Mapping) else dataset
    rules = Rules(tau, top_p)
    rules.check(tasks)
    for part in leaves(built):
        part.full_init()
        if folder is None:
            part.stored[TEACHER] = _random_rows(tasks, len(part))
            continue
        wanted = header_of(part, teacher, weights, transforms, precision, tasks)
        labels = _read(file_of(part, Path(folder)), wanted, part, command).labels
        kept = {task: rules.keep(task, labels[task]) for task in tasks}
        part.stored[TEACHER] = {f'{task}.probs': _rows(labels[task], kept[task], len(part)) for task in tasks}
        told = ', '.join(f'{task} {int(rows.sum())} of {len(rows)}' for task, rows in kept.items())
        print_log(f'{part.name} ({part.split}): pseudo-labels kept: {told}', logger='current')
    return built


def _read(path: Path, wanted: Header, dataset: TaskDataset, command: str) -> PseudoFile:
    """Read the required file, or raise an error with the reason."""
    if not path.is_file():
        raise FileNotFoundError(f"the pseudo-labels of {dataset.name} ('{dataset.split}') do not exist ({path}): run "
                                f'{command}, or add --with-prerequisites to this command.')
    try:
        found = PseudoFile.read(path)
    except ValueError as error:
        raise BadData(f'{error}: delete it and run {command}.') from error
    wrong = problem(found, wanted, sample_ids(dataset))
    if wrong:
        raise BadData(f'the pseudo-labels {path} do not match the config: {wrong}; create them again with {command}.')
    return found


def _rows(labels: SoftLabels, kept: np.ndarray, num_samples: int) -> np.ndarray:
    """(N, C) float32: the kept distributions, with sum 1, at the rows of their samples; zero elsewhere."""
    rows = np.zeros((num_samples, labels.probs.shape[1]), np.float32)
    probs = labels.probs[kept].astype(np.float32)
    rows[labels.index[kept]] = probs / np.maximum(probs.sum(1, keepdims=True), np.float32(1e-12))
    return rows


def _random_rows(tasks: Mapping[str, int], num_samples: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {f'{task}.probs': rng.dirichlet(np.ones(count), num_samples).astype(np.float32) for task, count in tasks.items()}
