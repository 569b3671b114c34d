"""One link: a student's tap, a teacher's tap, and the loss between them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..registry import DISTILL_LOSSES, PROJECTORS
from ..structures import Batch
from ..tasks import Task
from .losses import DistillLoss
from .losses.distill_loss import Terms
from .masks import at_size, picture_mask
from .teacher import Teacher

SHARED = 'shared'  # prefix of a term of several tasks
CHOICES = {'where': ('all', 'labelled', 'unlabelled'), 'pixels': ('all', 'valid'),
           'resize': ('student_to_teacher', 'teacher_to_student', 'pool', 'none')}


class Link(nn.Module):
    """Compares one tap of the student with one of a teacher, for one task, or for the outputs of several at once.

    Args:
        loss: a distillation loss or its config.
        task: the task the terms belong to.
        tasks: instead of ``task``: several, whose channels are concatenated per pixel (KDAM's "all tasks" reading of
            the inter term). The terms are named ``shared/…``.
        student: the student's tap; by default ``<task>.out``.
        teacher: ``'name:tap'``, ``'name'`` or ``':tap'``. The tap is by default the student's, the name that of the only
            teacher.
        weight: factor of all the link's terms in the total. By task only in the distiller's templates.
        projector: what turns the student's channels into the teacher's, as a module or a config; channels that a config
            does not give are filled in.
        where: the samples that count: ``'all'``, ``'labelled'`` or ``'unlabelled'`` (with, without the task's label).
        pixels: ``'all'``: all but padding; ``'valid'``: those with a valid label.
        resize: when sizes differ: ``'student_to_teacher'`` or ``'teacher_to_student'`` (bilinear, without aligned
            corners), ``'pool'`` (the larger averaged down to the smaller), or ``'none'`` (refuse).
        name: distinguishes links of the same task and loss; goes before the term's name.

    Raises:
        ValueError: not exactly one of ``task`` and ``tasks``, an unknown choice, a weight that is no number, or a name
            with ``loss``.

    Attributes:
        terms: the names of its terms, known after :meth:`bind`.
    """

    def __init__(self, loss: DistillLoss | Mapping[str, Any], task: str | None = None,
                 tasks: Sequence[str] | None = None, student: str | None = None, teacher: str | None = None,
                 weight: float = 1.0, projector: nn.Module | Mapping[str, Any] | None = None, where: str = 'all',
                 pixels: str = 'all', resize: str = 'student_to_teacher', name: str | None = None) -> None:
        super().__init__()
        if (task is None) == (not tasks):
            raise ValueError('A link takes either task=... or tasks=[...].')
        if isinstance(weight, Mapping):
            raise ValueError(f'A link has one number as weight and was given {dict(weight)}; a weight by task goes into a '
                             f'link of distiller.links.each_task.')
        for option, value in (('where', where), ('pixels', pixels), ('resize', resize)):
            if value not in CHOICES[option]:
                raise ValueError(f"link: {option}='{value}' is unknown; choose one of {', '.join(CHOICES[option])}.")
        if name and 'loss' in name:
            raise ValueError(f"A link cannot be called '{name}': MMEngine adds up every logged value with 'loss' in its "
                             f'name; choose another name.')
        self.loss: DistillLoss = loss if isinstance(loss, nn.Module) else DISTILL_LOSSES.build(dict(loss))
        self.task_names: tuple[str, ...] = (task,) if task is not None else tuple(tasks or ())
        self.group = task if task is not None else SHARED
        self.student, self.teacher = student, teacher
        self.weight, self.where, self.pixels, self.resize, self.name = float(weight), where, pixels, resize, name
        self.projector = projector if isinstance(projector, nn.Module) else None
        self._projector_cfg = dict(projector) if isinstance(projector, Mapping) else None
        self.teacher_name = ''
        self.student_taps: tuple[str, ...] = ()
        self.teacher_taps: tuple[str, ...] = ()
        self.terms: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"link '{self.group}/{self.name + '_' if self.name else ''}{type(self.loss).__name__}'"

    def term_name(self, term: str) -> str:
        """The full name of a term: the task's, or ``shared``, then the link's own, if it has one."""
        return f"{self.group}/{self.name + '_' if self.name else ''}{term}"

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task],
             teachers: Mapping[str, Teacher]) -> None:
        """Settle the names, check that both sides fit, and build the projector.

        Raises:
            ValueError: an unknown task, teacher or tap, a view that the loss cannot read, or channels that differ.
        """
        for task in self.task_names:
            _known(task, tasks, f'{self}: task')
        self._keep_tasks_with_view(tasks)
        self._settle_names(teachers)
        teacher_specs = teachers[self.teacher_name].tap_specs
        for tap in self.student_taps:
            _known(tap, tap_specs, f'{self}: student tap')
        for tap in self.teacher_taps:
            if teacher_specs is not None:
                _known(tap, teacher_specs, f"{self}: tap of teacher '{self.teacher_name}'")
        for student, teacher in zip(self.student_taps, self.teacher_taps, strict=True):
            self._fit(student, tap_specs[student], teacher, teacher_specs[teacher] if teacher_specs else None)

    def forward(self, batch: Batch, taps: Taps, teacher_taps: Taps, tasks: Mapping[str, Task]) -> Terms:
        """The link's terms, by name: (sum (B,), count (B,)), or ()."""
        students, teachers = [], []
        for task, student_tap, teacher_tap in zip(self.task_names, self.student_taps, self.teacher_taps, strict=True):
            student = taps[student_tap]
            student = student if self.projector is None else self.projector(student)
            student, teacher = self._same_size(student, teacher_taps[teacher_tap])
            students.append(self._view(tasks[task], student))
            teachers.append(self._view(tasks[task], teacher))
        sizes = {view.shape[2:] for view in students}
        if len(sizes) > 1:
            raise ValueError(f'{self}: the outputs of its tasks differ in size ({sorted(sizes)}), so their channels '
                             f'cannot be concatenated per pixel.')
        mask = self._mask(batch, tasks, students[0])
        terms = self.loss(torch.cat(students, 1), torch.cat(teachers, 1), mask)
        return {name: terms[name] for name in self.terms}

    def _keep_tasks_with_view(self, tasks: Mapping[str, Task]) -> None:
        """Settle which terms the tasks' probability views have a meaning for."""
        self.terms = self.loss.terms
        if self.loss.reads == 'tap':
            return
        self.task_names = tuple(task for task in self.task_names if tasks[task].prob_view.scope)
        views = [tasks[task].prob_view for task in self.task_names]
        self.terms = tuple(term for term in self.loss.terms
                           if views and all(self.loss.directions[term] in view.scope for view in views))
        if not self.terms:
            raise ValueError(f"{self}: no term of {type(self.loss).__name__} has a meaning for the task's probability "
                             f'view; choose another prob_view for the task, or drop the link.')
        for task, view in zip(self.task_names, views, strict=True):
            if self.loss.needs_distribution and not view.normalised:
                raise ValueError(f"{self}: {type(self.loss).__name__} needs a distribution over the classes of a pixel, "
                                 f"which the probability view {type(view).__name__} of task '{task}' is not.")

    def _settle_names(self, teachers: Mapping[str, Teacher]) -> None:
        name, _, tap = (self.teacher or '').partition(':')
        if not name and len(teachers) != 1:
            raise ValueError(f"{self}: say which teacher, as in teacher='name:tap'; there are "
                             f"{', '.join(teachers) or 'none'}.")
        self.teacher_name = name or next(iter(teachers))
        if name in self.task_names and name not in teachers:
            raise ValueError(f"{self}: task '{name}' has no teacher; add distiller.teachers.{name}, beside "
                             f"{', '.join(teachers) or 'none'}, or link the task to another one.")
        _known(self.teacher_name, teachers, f'{self}: teacher')
        if len(self.task_names) > 1 and (self.student or tap):
            raise ValueError(f'{self}: a link of several tasks compares their outputs; it takes no taps.')
        self.student_taps = tuple(self.student or f'{task}.out' for task in self.task_names)
        self.teacher_taps = tuple(tap or student for student in self.student_taps)
        for tap in (*self.student_taps, *self.teacher_taps):
            if self.loss.reads != 'tap' and not tap.endswith('.out'):
                raise ValueError(f"{self}: {type(self.loss).__name__} reads a task's probabilities, which tap '{tap}' does "
                                 f"not give; take '{self.task_names[0]}.out', or a loss on features.")

    def _fit(self, student_tap: str, student: TapSpec, teacher_tap: str, teacher: TapSpec | None) -> None:
        if self._projector_cfg is not None and self.projector is None:
            self.projector = self._build_projector(student, teacher)
        if self.loss.reads != 'tap' and self.projector is not None:
            raise ValueError(f'{self}: {type(self.loss).__name__} compares outputs of a task, which take no projector.')
        if teacher is None or self.projector is not None or not self.loss.same_channels:
            return
        if student.channels != teacher.channels:
            cure = f"projector=dict(type='Linear1x1') ({student.channels} -> {teacher.channels}) would make them fit" \
                if self.loss.reads == 'tap' else 'both have to be outputs of the same task'
            raise ValueError(f"{self}: the student's '{student_tap}' is (B, {student.channels}, h, w), the teacher's "
                             f"'{self.teacher_name}:{teacher_tap}' (B, {teacher.channels}, h, w); {cure}.")

    def _build_projector(self, student: TapSpec, teacher: TapSpec | None) -> nn.Module:
        cfg = {'in_channels': student.channels, **(self._projector_cfg or {})}
        if cfg['in_channels'] != student.channels:
            raise ValueError(f"{self}: projector.in_channels={cfg['in_channels']}, but the student's tap has "
                             f'{student.channels} channels; leave in_channels out.')
        if teacher is not None:
            cfg.setdefault('out_channels', teacher.channels)
            if cfg['out_channels'] != teacher.channels and self.loss.same_channels:
                raise ValueError(f"{self}: projector.out_channels={cfg['out_channels']}, but the tap of teacher "
                                 f"'{self.teacher_name}' has {teacher.channels} channels; leave out_channels out, or take "
                                 f'the teacher it was meant for.')
        if 'out_channels' not in cfg:
            raise ValueError(f'{self}: the teacher does not say how many channels its taps have; give '
                             f'projector.out_channels.')
        return PROJECTORS.build(cfg)

    def _view(self, task: Task, tap: Tensor) -> Tensor:
        if self.loss.reads == 'tap':
            return tap
        view: Callable[[Tensor, float], Tensor | None]
        view = task.probs if self.loss.reads == 'probs' else task.prob_view.log_probs
        probs = view(tap, self.loss.tau)
        if probs is None:
            raise ValueError(f"{self}: task '{task.name}' has no probabilities to compare.")
        return probs

    def _same_size(self, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        """Both taps in the size that ``resize`` says."""
        if student.shape[2:] == teacher.shape[2:]:
            return student, teacher
        if self.resize == 'none' or student.ndim != teacher.ndim:
            raise ValueError(f'{self}: the student is {tuple(student.shape)}, the teacher {tuple(teacher.shape)}; '
                             f'choose resize other than none, or taps of one size.')
        if self.resize == 'student_to_teacher':
            return _bilinear(student, teacher), teacher
        if self.resize == 'teacher_to_student':
            return student, _bilinear(teacher, student)
        size = tuple(min(a, b) for a, b in zip(student.shape[2:], teacher.shape[2:], strict=True))
        return F.adaptive_avg_pool2d(student, size), F.adaptive_avg_pool2d(teacher, size)

    def _mask(self, batch: Batch, tasks: Mapping[str, Task], view: Tensor) -> Tensor | None:
        """(B, h, w) or (B,) bool: what counts; None: everything."""
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
        if mask is not None and mask.ndim < view.ndim - 1:
            return mask[:, None, None].expand(-1, *view.shape[2:])
        return mask


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
