"""The pseudo-label stage of a config: its options and its connection to the training."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ...datasets import TaskDataset
from ...distill import checkpoint_hash
from ...distill.pseudo_label import VIEWS, check_views
from ...engine.config import short_path
from ...engine.quick import flag
from ...tasks import build_tasks
from ..earlier_runs import PSEUDO, as_teacher, earlier_runs, load_named, resolve_experts, result_of
from .dataset import TEACHER, header_of
from .file import Header, Rules

DEFAULT_TAU = 0.7  # fact sheet 1.4.2
OPTIONS = {'teacher', 'tau', 'top_p', 'transforms', 'lambda_u', 'hard', 'tasks', 'folder', 'batch_size'}


@dataclass(frozen=True)
class PseudoLabelStage:
    """The checked options of ``pseudo_labels`` in a config::

        pseudo_labels = dict(
            teacher=dict(config='configs/…/teacher.py'),       # optional: checkpoint=…, dtype=…
            tau=.7,                                            # or top_p=.2; or dictionaries, task -> number
            transforms=['identity', 'hflip', 'scale:0.9', 'scale:1.1'],
            lambda_u=1.0, hard=True)

    Attributes:
        teacher: arguments of :class:`~mtkd.distill.teacher.MultiTaskTeacher` except the weights.
        made_by: config of the teacher.
        checkpoint: weights of the teacher; None for a trial with random pseudo-labels.
        tasks: task -> number of classes (bins).
        tau: see :class:`~mtkd.prerequisites.pseudo_labels.file.Rules`.
        top_p: see :class:`~mtkd.prerequisites.pseudo_labels.file.Rules`.
        transforms: the views that are averaged.
        lambda_u: weight of the pseudo-label terms relative to the task losses.
        hard: see :class:`~mtkd.distill.losses.pseudo_label.PseudoLabel`.
        folder: folder of the files.
        batch_size: number of images per batch.
        command: the command that creates the files.
        weights: fingerprint of the weights; '' without a checkpoint.
    """

    teacher: dict[str, Any]
    made_by: str
    checkpoint: Path | None
    tasks: dict[str, int]
    tau: Any
    top_p: Any
    transforms: list[str]
    lambda_u: float
    hard: bool
    folder: Path | None
    batch_size: int
    command: str
    weights: str = field(default='', repr=False)

    @property
    def precision(self) -> str:
        """The precision of the teacher."""
        return self.teacher.get('dtype') or 'float32'

    @property
    def rules(self) -> Rules:
        """The rules for keeping labels."""
        return Rules(self.tau, self.top_p)

    def header(self, dataset: TaskDataset) -> Header:
        """The expected header of the file of a data set."""
        return header_of(dataset, self.made_by, self.weights, self.transforms, self.precision, self.tasks)


def stage_of(cfg: Config, seed: int, *, random: bool = False) -> PseudoLabelStage | None:
    """The pseudo-label stage of a config; None if it has none.

    Args:
        cfg: the student's config.
        seed: its seed; the teacher has the same seed, or seed 0.
        random: skip the teacher, to try a config.

    Raises:
        ValueError: an option is unknown or invalid, or the teacher lacks a task.
        MissingPrerequisite: the teacher has not been trained.
    """
    given = cfg.get(PSEUDO)
    if not given:
        return None
    unknown = sorted(set(given) - OPTIONS)
    if unknown or not (given.get('teacher') or {}).get('config'):
        raise ValueError(f"pseudo_labels needs teacher=dict(config='configs/...') and may have "
                         f'{", ".join(sorted(OPTIONS - {"teacher"}))}; it has {", ".join(sorted(given))}.')
    own = load_named(cfg, PSEUDO, given.teacher)
    checkpoint = None if random else _checkpoint(cfg, seed)
    tau, top_p = given.get('tau'), given.get('top_p')
    options = {key: value for key, value in given.teacher.items() if key not in ('config', 'options', 'checkpoint', 'type')}
    stage = PseudoLabelStage(
        teacher={**as_teacher(resolve_experts(own, seed, random=random)), **options},
        made_by=short_path(Path(own.filename)), checkpoint=checkpoint,
        tasks=_tasks(cfg, own, given.get('tasks')), tau=DEFAULT_TAU if tau is None and top_p is None else tau, top_p=top_p,
        transforms=list(given.get('transforms') or VIEWS), lambda_u=float(given.get('lambda_u', 1.0)),
        hard=bool(given.get('hard', True)), folder=_folder(given.get('folder'), checkpoint),
        batch_size=int(given.get('batch_size', 64)), weights=checkpoint_hash(checkpoint) if checkpoint else '',
        command=f'mtkd pseudo-label {short_path(Path(cfg.filename))}' + (f' --seed {seed}' if seed else '')
        + flag(cfg))
    check_views(stage.transforms)
    stage.rules.check(stage.tasks)
    if stage.lambda_u < 0 or stage.batch_size < 1:
        raise ValueError(f'pseudo_labels: lambda_u={stage.lambda_u} must be 0 or more and batch_size={stage.batch_size} 1 '
                         f'or more.')
    return stage


def _checkpoint(cfg: Config, seed: int) -> Path:
    needed, = (needed for needed in earlier_runs(cfg, seed) if needed.name == PSEUDO)
    return result_of(cfg, needed, seed)


def _folder(given: str | None, checkpoint: Path | None) -> Path | None:
    if checkpoint is None:
        return None
    return Path(given) if given else checkpoint.parent / 'pseudo'


def _tasks(cfg: Config, own: Config, asked: Sequence[str] | None) -> dict[str, int]:
    """Task -> classes, for the tasks with pseudo-labels: by default all image-level ones of the student."""
    mine, theirs, teacher = build_tasks(cfg.tasks), build_tasks(own.tasks), short_path(Path(own.filename))
    able = {name: task.out_channels for name, task in mine.items() if not task.kind.spatial and task.out_channels > 1}
    for name in able if asked is None else asked:
        if name not in able:
            raise ValueError(f"pseudo_labels.tasks names '{name}'; the student's image-level tasks are "
                             f'{", ".join(able) or "none"}.')
        if name not in theirs:
            raise ValueError(f"the teacher of the pseudo-labels ({teacher}) has no task '{name}': list in "
                             f'pseudo_labels.tasks only tasks of the teacher ({", ".join(theirs)}).')
        if theirs[name].out_channels != able[name]:
            raise ValueError(f"'{name}' has {theirs[name].out_channels} classes in the teacher of the pseudo-labels "
                             f'({teacher}) and {able[name]} in the student: they must be the same.')
    if not able:
        raise ValueError('pseudo_labels are for image-level tasks (Classification, Age); the student has none.')
    return {name: able[name] for name in (able if asked is None else asked)}


def use_pseudo_labels(cfg: Config, seed: int, *, random: bool = False) -> Config:
    """Add the pseudo-labels of a config to its training set and its distiller.

    Args:
        cfg: a prepared config; it is not modified.
        seed: the student's seed.
        random: use random pseudo-labels, to try a config without its teacher.

    Raises:
        ValueError: see :func:`stage_of`; or the distiller of the config has templates of links, or the weight 0.
        MissingPrerequisite: see :func:`stage_of`.
    """
    stage = stage_of(cfg, seed, random=random)
    if stage is None:
        return cfg
    cfg = copy.deepcopy(cfg)
    cfg.train_dataloader.dataset = {
        'type': 'PseudoLabelled', 'dataset': cfg.train_dataloader.dataset, 'tasks': stage.tasks, 'tau': stage.tau,
        'top_p': stage.top_p, 'folder': str(stage.folder) if stage.folder else None, 'teacher': stage.made_by,
        'weights': stage.weights, 'transforms': stage.transforms, 'precision': stage.precision, 'command': stage.command}
    distiller = dict(cfg.model.get('distiller') or {'teachers': {}, 'links': []})
    weight = float(distiller.get('weight', 1.0))
    if isinstance(distiller['links'], Mapping) or weight == 0:
        raise ValueError('pseudo_labels add links to the distiller: write model.distiller.links as a list instead of '
                         'templates, and model.distiller.weight other than 0.')
    links = [{'task': task, 'loss': {'type': 'PseudoLabel', 'hard': stage.hard}, 'student': f'{task}.out',
              'teacher': f'{TEACHER}:{task}.probs', 'where': 'unlabelled', 'weight': stage.lambda_u / weight}
             for task in stage.tasks]
    distiller['teachers'] = {**distiller['teachers'], TEACHER: {'type': 'PseudoLabels', 'outputs': stage.tasks}}
    distiller['links'] = [*distiller['links'], *links]
    cfg.model.distiller = distiller
    return cfg
