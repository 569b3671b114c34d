"""One link: taps of the student, taps of teachers, and the loss between them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..registry import DISTILL_LOSSES, LINKS, PROJECTORS
from ..structures import Batch, Route, row_wise
from ..tasks import Task
from .base_link import BaseLink
from .context import CONTEXT, Step, check_index, target_valid
from .losses import DistillLoss
from .losses.distill_loss import Terms
from .masks import at_size, picture_mask
from .teacher import Teacher

SHARED = 'shared'  # prefix of a term of several tasks
CHOICES = {'where': ('all', 'labelled', 'unlabelled'), 'pixels': ('all', 'valid'),
           'resize': ('student_to_teacher', 'teacher_to_student', 'pool', 'none')}


@LINKS.register_module()
class Link(BaseLink):
    """Compares taps of the student with taps of teachers, for one task or for the outputs of several tasks.

    Most losses compare one tap with another. A loss that compares several levels or uses several teachers accepts lists
    (:attr:`~mtkd.distill.losses.DistillLoss.several`)::

        dict(task='semseg', loss=dict(type='ReviewKD'), student=['trunk.0', 'trunk.1'], teacher='big')
        dict(task='semseg', loss=dict(type='CAMKD'), teacher=['a', 'b:semseg.out'])

    Args:
        loss: a distillation loss or its config.
        task: the task the terms belong to.
        tasks: instead of ``task``: several, whose channels are concatenated per pixel (KDAM's "all tasks" reading of
            the inter term). The terms are named ``shared/…``.
        student: the student's tap, or several; by default ``<task>.out``.
        teacher: ``'name:tap'``, ``'name'`` or ``':tap'``, or several of them. Without a tap: the student's taps. Without a
            name: the only teacher.
        weight: factor of all the link's terms in the total. A weight per task is only possible in the distiller's templates.
        warmup: the fraction of the training, 0 to 1, over which ``weight`` rises linearly from 0.
        projector: maps the student's channels to the teacher's; a module or a config, whose channels are set automatically.
        where: the samples to use: ``'all'``, ``'labelled'`` or ``'unlabelled'`` (with, without the task's label).
        pixels: ``'all'``: all but padding; ``'valid'``: those with a valid label.
        resize: when sizes differ: ``'student_to_teacher'`` or ``'teacher_to_student'`` (bilinear, without aligned
            corners), ``'pool'`` (the larger is averaged down to the smaller), or ``'none'`` (raise an error). Each of
            several teachers is resized to the student's size. Losses that do not need equal sizes receive the taps
            unchanged.
        name: prefix of the term's name, to distinguish links of the same task and loss.

    Raises:
        ValueError: not exactly one of ``task`` and ``tasks``, an unknown choice, a weight that is not a number, or a name
            that contains ``loss``.
    """

    def __init__(self, loss: DistillLoss | Mapping[str, Any], task: str | None = None,
                 tasks: Sequence[str] | None = None, student: str | Sequence[str] | None = None,
                 teacher: str | Sequence[str] | None = None, weight: float = 1.0, warmup: float = 0.0,
                 projector: nn.Module | Mapping[str, Any] | None = None, where: str = 'all',
                 pixels: str = 'all', resize: str = 'student_to_teacher', name: str | None = None) -> None:
        super().__init__()
        if (task is None) == (not tasks):
            raise ValueError('A link takes either task=... or tasks=[...].')
        if isinstance(weight, Mapping):
            raise ValueError(f'The weight of a link must be a number, not {dict(weight)}; weights per task are only '
                             f'possible in distiller.links.each_task.')
        if not 0 <= warmup <= 1:
            raise ValueError(f'link: warmup={warmup} must be a fraction of the training, from 0 to 1.')
        for option, value in (('where', where), ('pixels', pixels), ('resize', resize)):
            if value not in CHOICES[option]:
                raise ValueError(f"link: {option}='{value}' is unknown; choose one of {', '.join(CHOICES[option])}.")
        if name and 'loss' in name:
            raise ValueError(f"A link cannot be called '{name}': MMEngine adds up every logged value with 'loss' in its "
                             f'name; choose another name.')
        self.loss: DistillLoss = loss if isinstance(loss, nn.Module) else DISTILL_LOSSES.build(dict(loss))
        self.task_names: tuple[str, ...] = (task,) if task is not None else tuple(tasks or ())
        self.group = task if task is not None else SHARED
        self.student, self.teacher = _listed(student), _listed(teacher)
        self.weight, self.warmup, self.where, self.pixels = float(weight), float(warmup), where, pixels
        self.resize, self.name = resize, name
        self.projector = projector if isinstance(projector, nn.Module) else None
        self._projector_cfg = dict(projector) if isinstance(projector, Mapping) else None
        self._projected_to: int | None = None
        self._networks: tuple[nn.Module, ...] = ()  # in a tuple: not submodules of the link
        self._indexed: set[str] = set()  # data sets whose indices the loss has received
        self._refs: tuple[tuple[str, str], ...] = ()  # (teacher, tap), in the order of the loss arguments

    def __str__(self) -> str:
        return f"link '{self.group}/{self.name + '_' if self.name else ''}{type(self.loss).__name__}'"

    @property
    def route(self) -> Route:
        """The samples selected by ``where``, ``pixels`` and the labels that the loss uses; None: all.

        Also all if the projector or the loss depends on several samples (batch normalisation) or uses random numbers.
        """
        labelled = self.where == 'labelled' or self.pixels == 'valid' or 'target' in self.loss.asks
        if (self.where == 'all' and not labelled) or not row_wise(self):
            return None
        return frozenset((task, 'labelled' if labelled else 'unlabelled') for task in self.task_names)

    def term_name(self, term: str) -> str:
        """The full name of a term: the task or ``shared``, then the name of the link, if any, and the term."""
        return f"{self.group}/{self.name + '_' if self.name else ''}{term}"

    def weight_at(self, progress: float) -> float:
        """The weight after a given fraction of the training."""
        return self.weight if progress >= self.warmup else self.weight * progress / self.warmup

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task],
             teachers: Mapping[str, Teacher]) -> None:
        """Resolve the names, check that both sides fit, and build the projector and the parameters of the loss.

        Raises:
            ValueError: an unknown task, teacher or tap, a view that the loss does not support, or channels that differ.
        """
        for task in self.task_names:
            _known(task, tasks, f'{self}: task')
        self._keep_tasks_with_view(tasks)
        self._settle_names(teachers)
        specs = {name: teachers[name].tap_specs for name in self.teacher_taps}
        for tap in self.student_taps:
            _known(tap, tap_specs, f'{self}: student tap')
        for teacher, tap in self._refs:
            if specs[teacher] is not None:
                _known(tap, specs[teacher] or (), f"{self}: tap of teacher '{teacher}'")
        pairs = [(tap_specs[tap], None if specs[name] is None else (specs[name] or {})[other], tap, f'{name}:{other}')
                 for tap, (name, other) in self._pairs()]
        for pair in pairs:
            self._fit(*pair)
        self._check_asked()
        self._networks = tuple(teachers[name].net for name, _ in self._refs)
        self._set_up([tap_specs[tap] for tap in self.student_taps],
                     [(specs[name] or {}).get(tap) for name, tap in self._refs])

    def meet(self, student: nn.Module) -> None:
        """See :class:`BaseLink`: pass the networks to the loss."""
        self.loss.meet(student, self._networks)

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """The link's terms, by name: (sum (B,), count (B,)), or ().

        Args:
            batch: the batch.
            taps: the taps of the student.
            seen: teacher -> its taps.
            tasks: the student's tasks.
        """
        students = [self._projected(taps[tap]) for tap in self.student_taps]
        teachers = [seen[name][tap] for name, tap in self._refs]
        if self.loss.same_size and 'student' not in self.loss.several:
            students, teachers = self._same_sizes(students, teachers)
        if len(self.task_names) > 1:
            students = [self._concatenated(students, tasks)]
            teachers = [self._concatenated(teachers, tasks)]
        else:
            students = [self._view(tasks[self.task_names[0]], view) for view in students]
            teachers = [self._view(tasks[self.task_names[0]], view) for view in teachers]
        if 'index' in self.loss.asks:
            check_index(f'{self}: {type(self.loss).__name__}', batch['meta'], getattr(self.loss, 'samples', None),
                        self._indexed)
        asked = {name: CONTEXT[name](self._step(batch, students[0], tasks)) for name in self.loss.asks}
        masks = [self._mask(batch, tasks, view) for view in students]
        several = self.loss.several
        terms = self.loss(tuple(students) if 'student' in several else students[0],
                          tuple(teachers) if 'teacher' in several else teachers[0] if teachers else None,
                          tuple(masks) if 'student' in several else masks[0], **asked)
        return {name: terms[name] for name in self.terms}

    def _keep_tasks_with_view(self, tasks: Mapping[str, Task]) -> None:
        """Determine the terms that are meaningful for the tasks' probability views."""
        self.terms = self.loss.terms
        if self.loss.reads == 'tap':
            return
        self.task_names = tuple(task for task in self.task_names if tasks[task].prob_view.scope)
        views = [tasks[task].prob_view for task in self.task_names]
        self.terms = tuple(term for term in self.loss.terms
                           if views and all(self.loss.directions[term] in view.scope for view in views))
        if not self.terms:
            raise ValueError(f"{self}: no term of {type(self.loss).__name__} is defined for the task's probability view; "
                             f'choose another prob_view for the task, or remove the link.')
        for task, view in zip(self.task_names, views, strict=True):
            if self.loss.needs_distribution and not view.normalised:
                raise ValueError(f"{self}: {type(self.loss).__name__} needs a distribution over the classes of a pixel, "
                                 f"but the probability view {type(view).__name__} of task '{task}' is not one.")

    def _settle_names(self, teachers: Mapping[str, Teacher]) -> None:
        """Resolve the taps of both sides from arguments and defaults."""
        given = [(name, tap) for name, _, tap in (entry.partition(':') for entry in self.teacher or ('',))]
        if len(self.task_names) > 1 and (self.student or any(tap for _, tap in given)):
            raise ValueError(f'{self}: a link of several tasks compares their outputs; remove its taps.')
        self.student_taps = self.student or tuple(f'{task}.out' for task in self.task_names)
        if not self.loss.needs_teacher:
            if self.teacher:
                raise ValueError(f'{self}: {type(self.loss).__name__} does not use a teacher; remove teacher.')
            given = []
        refs = [(name or self._only(teachers), other) for name, tap in given
                for other in ((tap,) if tap else self.student_taps)]
        for name, _ in refs:
            if name in self.task_names and name not in teachers:
                raise ValueError(f"{self}: task '{name}' has no teacher; add distiller.teachers.{name}, or use another "
                                 f"teacher for it (there are {', '.join(teachers) or 'none'}).")
            _known(name, teachers, f'{self}: teacher')
        self._refs = tuple(refs)
        self.teacher_taps = {name: tuple(dict.fromkeys(tap for other, tap in refs if other == name)) for name, _ in refs}
        self._check_counts()
        for tap in (*self.student_taps, *(tap for _, tap in refs)):
            if self.loss.reads != 'tap' and not tap.endswith('.out'):
                raise ValueError(f"{self}: {type(self.loss).__name__} compares the probabilities of a task, but tap '{tap}' "
                                 f"is not an output; use '{self.task_names[0]}.out', or a loss on features.")

    def _only(self, teachers: Mapping[str, Teacher]) -> str:
        if len(teachers) != 1:
            raise ValueError(f"{self}: name the teacher, as in teacher='name:tap'; there are "
                             f"{', '.join(teachers) or 'none'}.")
        return next(iter(teachers))

    def _check_counts(self) -> None:
        """Require one tap on each side, unless the loss supports several or the link has several tasks."""
        for side, taps in (('student', self.student_taps), ('teacher', self._refs)):
            if side in self.loss.several and len(self.task_names) > 1:
                raise ValueError(f'{self}: {type(self.loss).__name__} takes several taps of one task; give task=... '
                                 f'instead of tasks=[...].')
            if side not in self.loss.several and len(taps) > len(self.task_names):
                raise ValueError(f'{self}: {type(self.loss).__name__} compares one tap of the {side}, but was given '
                                 f'{len(taps)}; add a link for each.')

    def _pairs(self) -> list[tuple[str, tuple[str, str]]]:
        """The pairs of taps whose channels a loss compares directly: one with one, or one with each of several teachers."""
        if 'student' in self.loss.several:
            return []
        if len(self.student_taps) == 1:
            return [(self.student_taps[0], ref) for ref in self._refs]
        return list(zip(self.student_taps, self._refs, strict=True))

    def _fit(self, student: TapSpec, teacher: TapSpec | None, student_tap: str, teacher_tap: str) -> None:
        if self._projector_cfg is not None and self.projector is None:
            self.projector = self._build_projector(student, teacher, teacher_tap)
        if self.loss.reads != 'tap' and self.projector is not None:
            raise ValueError(f'{self}: {type(self.loss).__name__} compares outputs of a task, for which a projector is not '
                             f'possible; remove it.')
        if teacher is None or self.projector is not None or not self.loss.same_channels:
            return
        if student.channels != teacher.channels:
            cure = f"use projector=dict(type='Linear1x1') ({student.channels} -> {teacher.channels})" \
                if self.loss.reads == 'tap' else 'both must be outputs of the same task'
            raise ValueError(f"{self}: the student's '{student_tap}' is (B, {student.channels}, h, w), the teacher's "
                             f"'{teacher_tap}' (B, {teacher.channels}, h, w); {cure}.")

    def _build_projector(self, student: TapSpec, teacher: TapSpec | None, teacher_tap: str) -> nn.Module:
        cfg = {'in_channels': student.channels, **(self._projector_cfg or {})}
        if cfg['in_channels'] != student.channels:
            raise ValueError(f"{self}: projector.in_channels={cfg['in_channels']}, but the student's tap has "
                             f'{student.channels} channels; remove in_channels.')
        if teacher is not None:
            cfg.setdefault('out_channels', teacher.channels)
            if cfg['out_channels'] != teacher.channels and self.loss.same_channels:
                raise ValueError(f"{self}: projector.out_channels={cfg['out_channels']}, but the tap of teacher "
                                 f"'{teacher_tap.partition(':')[0]}' has {teacher.channels} channels; remove out_channels, "
                                 f'or use another teacher.')
        if 'out_channels' not in cfg:
            raise ValueError(f'{self}: the teacher does not declare the channels of its taps; give '
                             f'projector.out_channels.')
        self._projected_to = cfg['out_channels']
        return PROJECTORS.build(cfg)

    def _check_asked(self) -> None:
        for name in self.loss.asks:
            _known(name, CONTEXT, f'{self}: {type(self.loss).__name__} asks for an input')
        if self.loss.asks and len(self.task_names) > 1:
            raise ValueError(f'{self}: {type(self.loss).__name__} uses {", ".join(self.loss.asks)} of one task; give '
                             f'task=... instead of tasks=[...].')
        if self._projector_cfg is not None and self.projector is None:
            raise ValueError(f'{self}: {type(self.loss).__name__} does not use a projector; remove it.')

    def _set_up(self, students: Sequence[TapSpec], teachers: Sequence[TapSpec | None]) -> None:
        """Set the channels of the loss and let it inspect the teachers' networks."""
        channels = [spec.channels for spec in students]
        if self.projector is not None:
            channels = [self._projected_to or (teachers[0] or spec).channels for spec in students]
        if any(spec is None for spec in teachers):
            if type(self.loss).setup is not DistillLoss.setup:
                raise ValueError(f'{self}: {type(self.loss).__name__} needs the channels of its teacher, which does not '
                                 f'declare them; give its network tap_specs.')
            return
        self.loss.setup(channels, [spec.channels for spec in teachers if spec is not None])
        self.loss.inspect(self._networks)

    def _projected(self, tap: Tensor) -> Tensor:
        return tap if self.projector is None else self.projector(tap)

    def _view(self, task: Task, tap: Tensor) -> Tensor:
        if self.loss.reads == 'tap':
            return tap
        view: Callable[[Tensor, float], Tensor | None]
        view = task.probs if self.loss.reads == 'probs' else task.prob_view.log_probs
        probs = view(tap, self.loss.tau)
        if probs is None:
            raise ValueError(f"{self}: task '{task.name}' has no probabilities to compare.")
        return probs

    def _concatenated(self, taps: Sequence[Tensor], tasks: Mapping[str, Task]) -> Tensor:
        """The views of the tasks, concatenated along channels."""
        views = [self._view(tasks[task], tap) for task, tap in zip(self.task_names, taps, strict=True)]
        sizes = {view.shape[2:] for view in views}
        if len(sizes) > 1:
            raise ValueError(f'{self}: the outputs of its tasks differ in size ({sorted(sizes)}), so their channels '
                             f'cannot be concatenated per pixel.')
        return torch.cat(views, 1)

    def _same_sizes(self, students: Sequence[Tensor], teachers: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Resize directly compared taps to one size; several teachers to that of the student."""
        if len(students) == len(teachers):
            pairs = [self._same_size(*pair) for pair in zip(students, teachers, strict=True)]
            return [student for student, _ in pairs], [teacher for _, teacher in pairs]
        return list(students), [self._to_student(students[0], teacher) for teacher in teachers]

    def _same_size(self, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        """Resize both taps according to ``resize``."""
        if student.shape[2:] == teacher.shape[2:]:
            return student, teacher
        self._check_resize(student, teacher)
        if self.resize == 'student_to_teacher':
            return _bilinear(student, teacher), teacher
        if self.resize == 'teacher_to_student':
            return student, _bilinear(teacher, student)
        size = tuple(min(a, b) for a, b in zip(student.shape[2:], teacher.shape[2:], strict=True))
        return F.adaptive_avg_pool2d(student, size), F.adaptive_avg_pool2d(teacher, size)

    def _to_student(self, student: Tensor, teacher: Tensor) -> Tensor:
        if student.shape[2:] == teacher.shape[2:]:
            return teacher
        self._check_resize(student, teacher)
        return F.adaptive_avg_pool2d(teacher, student.shape[2:]) if self.resize == 'pool' else _bilinear(teacher, student)

    def _check_resize(self, student: Tensor, teacher: Tensor) -> None:
        if self.resize == 'none' or student.ndim != teacher.ndim:
            raise ValueError(f'{self}: the student is {tuple(student.shape)}, the teacher {tuple(teacher.shape)}; '
                             f'choose another resize than none, or taps of the same size.')

    def _step(self, batch: Batch, view: Tensor, tasks: Mapping[str, Task]) -> Step:
        """The step from which the additional inputs of a loss are computed."""
        size = (view.shape[2], view.shape[3]) if view.ndim == 4 else None
        return Step(batch, tasks[self.task_names[0]], size, self.progress, view.device)

    def _mask(self, batch: Batch, tasks: Mapping[str, Task], view: Tensor) -> Tensor | None:
        """(B, h, w) or (B,) bool: the elements to use; None: all."""
        mask: Tensor | None = None
        device = view.device
        if view.ndim == 4:
            size = (view.shape[2], view.shape[3])
            image = batch['image']
            mask = picture_mask(batch['meta'], (image.shape[-2], image.shape[-1]), size, device)
        for task in self.task_names if self.pixels == 'valid' else ():
            valid = tasks[task].kind.valid(batch['targets'][task])
            if valid.ndim == 3:
                valid = at_size(valid, size) if view.ndim == 4 else valid.flatten(1).any(1)
            mask = _both(mask, valid)
        for task in self.task_names if self.where != 'all' else ():
            present = batch['present'][task]
            mask = _both(mask, present if self.where == 'labelled' else ~present)
        if 'target' in self.loss.asks:
            mask = _both(mask, target_valid(self._step(batch, view, tasks)))
        if mask is not None and mask.ndim < view.ndim - 1:
            return mask[:, None, None].expand(-1, *view.shape[2:])
        return mask


def _listed(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def _bilinear(tap: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(tap.float(), like.shape[2:], mode='bilinear', align_corners=False)


def _both(mask: Tensor | None, other: Tensor) -> Tensor:
    """Where both are True; (B,) holds for all pixels of a sample."""
    if mask is None or mask.ndim == other.ndim:
        return other if mask is None else mask & other
    return mask & other[:, None, None] if other.ndim == 1 else mask[:, None, None] & other


def _known(name: str, known: Iterable[str], what: str) -> None:
    names = list(known)
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.5)
        raise ValueError(f"{what} '{name}' does not exist; {'nearest' if near else 'known'}: "
                         f"{', '.join(near or names) or 'none'}.")
