"""Creates pseudo-labels: runs a teacher once on every unlabelled sample and stores its predictions in files."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch.utils.data import DataLoader, Dataset

from ... import atomic
from ...datasets import TaskDataset
from ...datasets.multi import leaves
from ...distill import MultiTaskTeacher, Teacher, soft_labels
from ...engine.config import default_data_root, prepare
from ...engine.lock import Lock
from ...engine.prerequisite import Circumstances, Prerequisite
from ...registry import DATASETS, PREREQUISITES
from ...structures import collate, pack
from ..earlier_runs import PSEUDO
from . import file as pseudo_file
from .dataset import file_of, sample_ids
from .file import STORED, Header, PseudoFile, Rules, SoftLabels, problem
from .stage import PseudoLabelStage, stage_of, use_pseudo_labels

CHUNK = 1024  # number of samples between two writes, which are lost at most if the process is killed
SPOKEN_CLASSES = 20  # with more classes, the histogram groups them in tens


def make_pseudo_labels(cfg: Config, seed: int, data_root: Path | str, *, as_csv: bool = False,
                       say: Callable[[str], None] = print) -> list[Path]:
    """Create the pseudo-labels of a config if they are missing or outdated.

    Every sample of the training set gets a pseudo-label for each task whose label it lacks. Images are read without
    augmentation: only the deterministic transforms of the pipeline are applied. Unreadable images get no pseudo-label.
    Completed chunks of a stopped run are kept and not computed again.

    Args:
        cfg: the student's config, loaded but not prepared.
        seed: its seed.
        data_root: folder that contains the folders of the data sets.
        as_csv: also write the labels of each file as a ``.csv`` file next to it.
        say: callback for lines on progress and results.

    Returns:
        The files, one per data set; empty if the config has no ``pseudo_labels``.

    Raises:
        ValueError: see :func:`stage_of`.
        MissingPrerequisite: the teacher has not been trained.
    """
    stage = stage_of(cfg, seed)
    if stage is None:
        return []
    assert stage.folder is not None
    ready = prepare(cfg, work_dir=stage.folder, seed=seed, data_root=data_root)
    dataset = DATASETS.build(ready.train_dataloader.dataset)
    dataset.full_init()
    teacher: list[Teacher] = []  # built for the first data set that needs it
    paths = []
    for part in leaves(dataset):
        path = file_of(part, stage.folder)
        found = _current(path, stage, part, say)
        if found is None:
            with Lock(path.with_suffix('.lock'), f'the file of pseudo-labels {path}',
                      'wait until that process has finished, and run this command again.'):
                found = _current(path, stage, part, lambda line: None)  # another process may have created it in the meantime
                if found is None:
                    teacher = teacher or [_build_teacher(stage)]
                    found = _make(part, stage, teacher[0], path, int(ready.train_dataloader.get('num_workers', 0)), say)
        for line in tally(found, stage.rules):
            say(line)
        if as_csv:
            found.write_csv(path.with_suffix('.csv'), stage.rules)
        say(f'  {path}' + (f', {path.with_suffix(".csv").name}' if as_csv else ''))
        paths.append(path)
    return paths


def _build_teacher(stage: PseudoLabelStage) -> Teacher:
    teacher = MultiTaskTeacher(**stage.teacher, checkpoint=stage.checkpoint, made_by=stage.made_by)
    return teacher.to(get_device())


def _current(path: Path, stage: PseudoLabelStage, dataset: TaskDataset, say: Callable[[str], None]) -> PseudoFile | None:
    """The existing file, if it matches the request."""
    if not path.is_file():
        return None
    try:
        found = PseudoFile.read(path)
        wrong = problem(found, stage.header(dataset), sample_ids(dataset))
    except ValueError as error:
        wrong = str(error)
    if wrong:
        say(f'{path} is created again: {wrong}')
        return None
    return found


class _Plain(Dataset):
    """The samples of a data set without augmentation."""

    def __init__(self, dataset: TaskDataset) -> None:
        self.dataset = dataset
        self.transforms = steady_transforms(dataset)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> dict[str, Any]:
        sample = self.dataset.load(index)
        for transform in self.transforms:
            sample = transform(sample, self.dataset.reads, _NoRandomness())
        return pack(sample, self.dataset.kinds)


class _NoRandomness:
    """A substitute for a random generator that raises an error on use."""

    class Asked(Exception):
        """A random number was requested."""

    def __getattr__(self, name: str) -> Any:
        raise _NoRandomness.Asked(name)


def steady_transforms(dataset: TaskDataset) -> list[Any]:
    """The deterministic transforms of a data set's pipeline (resizing, padding), in order."""
    sample, steady = dataset.load(0), []
    for transform in dataset.pipeline:
        try:
            sample = transform(sample, dataset.reads, _NoRandomness())
        except _NoRandomness.Asked:
            continue
        steady.append(transform)
    return steady


def _make(dataset: TaskDataset, stage: PseudoLabelStage, teacher: Teacher, path: Path, workers: int,
          say: Callable[[str], None]) -> PseudoFile:
    """Create the pseudo-labels of one data set in chunks, and write the file."""
    header, ids = stage.header(dataset), sample_ids(dataset)
    chunks = _open_chunks(path.with_suffix('.parts'), header, ids)
    per_chunk = stage.batch_size * max(CHUNK // stage.batch_size, 1)
    names = [chunks / f'{first:09d}.npz' for first in range(0, len(ids), per_chunk)]
    pending = [number for number, name in enumerate(names) if not _whole(name)]
    if len(pending) < len(names):
        say(f'{dataset.name} {dataset.split}: {len(names) - len(pending)} of {len(names)} chunks exist already')
    batches = [list(range(first, min(first + stage.batch_size, len(ids), (number + 1) * per_chunk)))
               for number in pending for first in range(number * per_chunk, min((number + 1) * per_chunk, len(ids)),
                                                        stage.batch_size)]
    loader = iter(DataLoader(_Plain(dataset), batch_sampler=batches, num_workers=workers, collate_fn=collate))
    told, total = Progress(f'{dataset.name} {dataset.split}', sum(map(len, batches)), say), len(ids)
    for number in pending:
        size = min((number + 1) * per_chunk, total) - number * per_chunk
        made = [_label(next(loader), stage, teacher, dataset, told) for _ in range(-(-size // stage.batch_size))]
        pseudo_file.write_arrays(names[number], {f'{task}.{key}': value for task in stage.tasks
                                     for key, value in vars(SoftLabels.joined([part[task] for part in made])).items()})
    parts = [pseudo_file.read_arrays(name) for name in names]
    labels = {task: SoftLabels.joined([SoftLabels(*(part[f'{task}.{key}'] for key in ('index', 'probs', 'confidence')))
                                       for part in parts]) for task in stage.tasks}
    found = PseudoFile(header, np.array(ids), labels)
    found.write(path)
    shutil.rmtree(chunks, ignore_errors=True)
    return found


def _open_chunks(folder: Path, header: Header, ids: Sequence[str]) -> Path:
    """Open the folder of completed chunks; chunks of other pseudo-labels are removed."""
    key = json.dumps({**asdict(header), 'samples': hashlib.sha256('\n'.join(ids).encode()).hexdigest()}, sort_keys=True)
    stamp = folder / 'header.json'
    if not stamp.is_file() or stamp.read_text() != key:
        shutil.rmtree(folder, ignore_errors=True)
        atomic.write_bytes(stamp, key.encode())
    return folder


def _whole(path: Path) -> bool:
    try:
        return bool(pseudo_file.read_arrays(path))
    except (FileNotFoundError, ValueError):
        return False


def _label(batch: Any, stage: PseudoLabelStage, teacher: Teacher, dataset: TaskDataset,
           told: 'Progress') -> dict[str, SoftLabels]:
    """The pseudo-labels of one batch, for samples and tasks without a label."""
    index = np.array([meta['index'] for meta in batch['meta']])
    broken = getattr(dataset, 'unreadable', None)  # unreadable images are returned as black images
    readable = torch.ones(len(index), dtype=torch.bool) if broken is None else broken[torch.from_numpy(index)] == 0
    missing = {task: ~batch['present'][task] & readable for task in stage.tasks}
    wanted = torch.stack(list(missing.values())).any(0)
    probs = {task: torch.zeros(len(index), count) for task, count in stage.tasks.items()}
    if wanted.any():
        image = batch['image'][wanted].to(get_device())
        for task, value in soft_labels(teacher, image, list(stage.tasks), stage.transforms).items():
            probs[task][wanted] = value.cpu()
    told.add(len(index))
    return {task: SoftLabels(index[rows.numpy()], probs[task][rows].numpy().astype(STORED),
                             probs[task][rows].max(1).values.numpy() if rows.any() else np.zeros(0, np.float32))
            for task, rows in missing.items()}


class Progress:
    """Reports the progress and remaining time of a loop every few seconds.

    Args:
        what: description of the work.
        total: number of samples.
        say: callback for the line.
        every: seconds between lines.
    """

    def __init__(self, what: str, total: int, say: Callable[[str], None], every: float = 5.0) -> None:
        self.what, self.total, self.say, self.every = what, total, say, every
        self.done, self.start = 0, time.perf_counter()
        self.last = self.start

    def add(self, count: int) -> None:
        """Report ``count`` more completed samples."""
        self.done += count
        now = time.perf_counter()
        if now - self.last >= self.every or self.done == self.total:
            self.last, rate = now, self.done / max(now - self.start, 1e-9)
            self.say(f'{self.what}: {self.done} of {self.total} samples, {rate:.0f} per s, '
                     f'{(self.total - self.done) / rate:.0f} s left')


def tally(found: PseudoFile, rules: Rules) -> Iterator[str]:
    """One line per task: the numbers of labels and of kept labels, and the classes of the latter."""
    for task, labels in found.labels.items():
        kept = rules.keep(task, labels)
        counts = np.bincount(labels.label[kept], minlength=found.header.tasks[task])
        shown = ', '.join(f'{name} {count}' for name, count in _histogram(counts, found.header.classes.get(task)))
        yield (f'{found.header.data_set} {found.header.split}, {task}: {int(kept.sum())} of {len(kept)} kept'
               + (f' ({shown})' if kept.any() else ''))


def _histogram(counts: np.ndarray, names: Sequence[str] | None) -> list[tuple[str, int]]:
    if len(counts) > SPOKEN_CLASSES:
        tens = [(f'{first}-{min(first + 9, len(counts) - 1)}', int(counts[first:first + 10].sum()))
                for first in range(0, len(counts), 10)]
        return [(name, count) for name, count in tens if count]
    return [(names[i] if names else str(i), int(count)) for i, count in enumerate(counts)]


@PREREQUISITES.register_module()
class PseudoLabelFiles(Prerequisite):
    """Files with the pseudo-labels of a config's training sets."""

    order = 10
    keys = frozenset({PSEUDO})

    def needed(self, cfg: Config) -> bool:
        """Whether the config has ``pseudo_labels``."""
        return bool(cfg.get(PSEUDO))

    def made(self, cfg: Config, where: Circumstances) -> bool:
        """False: only the data sets can tell whether a file has all samples."""
        return False

    def make(self, cfg: Config, where: Circumstances) -> None:
        """See :func:`make_pseudo_labels`."""
        make_pseudo_labels(cfg, where.seed, where.data_root or default_data_root())

    def connect(self, cfg: Config, seed: int, *, random: bool) -> Config:
        """See :func:`~mtkd.prerequisites.pseudo_labels.stage.use_pseudo_labels`."""
        return use_pseudo_labels(cfg, seed, random=random)

    def teachers(self, cfg: Config) -> tuple[str, ...]:
        """The teacher of the labels."""
        return (PSEUDO,) if cfg.get(PSEUDO) else ()
