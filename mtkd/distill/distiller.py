"""The distiller: computes named loss terms from teachers and links."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..models import Taps, TapSpec
from ..registry import LINKS, MODELS, TEACHERS
from ..structures import Batch, Route, Routing, RoutingPlan, global_ratio, joined
from ..tasks import Task
from .base_link import BaseLink
from .losses.distill_loss import Terms
from .teacher import Teacher

LinkCfg = Mapping[str, Any] | BaseLink
Links = Sequence[LinkCfg] | Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]]
TEMPLATES = ('each_task', 'all_tasks', 'between_tasks')


@MODELS.register_module()
class Distiller(nn.Module):
    """Computes distillation terms from a batch and the student's taps.

    It contains the parameters of distillation (projectors, parameters of losses) under the keys ``distiller.links.*`` of a
    model; none of them is needed to deploy the student.

    Args:
        teachers: name -> teacher or its config. ``type`` defaults to ``MultiTaskTeacher``, and ``tasks``, an argument of
            every registered teacher, to the tasks of the student. None removes an inherited teacher. A config without
            losses that read a teacher may leave it out.
        links: links or their configs; or templates: ``dict(each_task=cfg or [cfg, …])`` creates a link per task, with
            ``{task}`` in ``student`` and ``teacher`` replaced by the task, and skips tasks whose probability view is
            ``none``; its ``weight`` may be given per task, task -> λ_t; ``dict(all_tasks=cfg)`` creates one link for all
            tasks; ``dict(between_tasks=cfg)`` one :class:`~mtkd.distill.task_contrast.TaskContrast`, which needs no teacher.
            They may be combined. The ``type`` of a config defaults to ``Link``.
        weight: β of KDAM's equation 9, a factor of every term.

    Attributes:
        term_weights: term -> its weight in the total, β times the link's; set by :meth:`check`, updated by
            :meth:`begin_step` if a link has a warm-up. The terms themselves come unweighted.
    """

    def __init__(self, teachers: Mapping[str, Teacher | Mapping[str, Any] | None], links: Links,
                 weight: float = 1.0) -> None:
        super().__init__()
        self.weight = float(weight)
        self.teachers = nn.ModuleDict()
        self.links = nn.ModuleList()
        self.term_weights: dict[str, float] = {}
        self._teachers = {name: teacher for name, teacher in teachers.items() if teacher is not None}
        self._links = links
        self._names: list[dict[str, str]] = []
        self._routes: list[Route] = []  # of each link
        self._teacher_routes: dict[str, Route] = {}
        self._head_routes: Mapping[str, Route] = {}
        self._tasks: Mapping[str, Task] = {}

    def check(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], net: nn.Module | None = None,
              normalise: Callable[[Tensor], Tensor] | None = None) -> None:
        """Build teachers, links and projectors for a student, and check that they fit; called once, at build time.

        Args:
            tap_specs: the student's taps.
            tasks: the student's tasks.
            net: the student's network, for teachers that follow it (:meth:`~mtkd.distill.teacher.Teacher.meet`).
            normalise: the normalisation of its images, for the same teachers.

        Raises:
            ValueError: the parts do not fit; the message says what is wrong and what would fit.
        """
        self._tasks = tasks
        for name, teacher in self._teachers.items():
            if not name.isidentifier():
                raise ValueError(f"A teacher cannot be called '{name}': use letters, digits and underscores.")
            self.teachers[name] = teacher if isinstance(teacher, nn.Module) else _build_teacher(teacher, tasks)
        for teacher in self.teachers.values() if net is not None else ():
            teacher.meet(net, normalise)
        teachers = dict(self.teachers.items())
        self.links = nn.ModuleList(_expand(self._links, tasks))
        if not len(self.links):
            raise ValueError('The distiller has no links: give distiller.links, or remove the distiller.')
        for link in self.links:
            link.bind(tap_specs, tasks, teachers)
            if net is not None:
                link.meet(net)
        unused = set(teachers) - {name for link in self.links for name in link.teacher_taps}
        if unused:
            raise ValueError(f"No link uses teacher {', '.join(sorted(unused))}: add a link for it, or remove it.")
        self._names = _name_terms(list(self.links))
        self._routes = [link.route for link in self.links]
        self._weigh(1.0)

    @property
    def reads(self) -> list[tuple[str, Route]]:
        """Each tap of the student that a link uses, and the samples for which it does."""
        return [(tap, route) for link, route in zip(self.links, self._routes, strict=True) for tap in link.student_taps]

    def plan(self, plan: RoutingPlan, heads: Mapping[str, Route]) -> RoutingPlan:
        """Determine the samples that each teacher processes: those that its links use.

        Args:
            plan: the plan of the student.
            heads: task -> the samples on which its head runs; all for a missing task.

        Returns:
            ``plan`` including the needs of teachers and links.
        """
        self._head_routes = heads
        pairs: set[tuple[Route, Route]] = set()
        for name, teacher in self.teachers.items():
            read = [route for link, route in zip(self.links, self._routes, strict=True) if name in link.teacher_taps]
            self._teacher_routes[name] = joined(read) if teacher.row_wise else None
            pairs |= {(route, self._teacher_routes[name]) for route in read}
        routes = plan.routes | {*self._routes, *self._teacher_routes.values()}
        return RoutingPlan(frozenset(routes), plan.pairs | pairs)

    def begin_step(self, progress: float) -> None:
        """Set the progress of the training; call it before every step. Without it, the progress stays 0 and weights have
        full size.

        It is used by losses that depend on the progress, by links with a warm-up, and by teachers that follow the student.

        Args:
            progress: completed fraction of the training, 0 to 1.
        """
        for link in self.links:
            link.progress = progress
        for teacher in self.teachers.values():
            teacher.begin_step(progress)
        self._weigh(progress)

    def _weigh(self, progress: float) -> None:
        self.term_weights.update({
            name: self.weight * link.weight_at(progress)
            for link, names in zip(self.links, self._names, strict=True) for name in names.values()})

    def forward(self, batch: Batch, taps: Taps, tasks: Mapping[str, Task]) -> dict[str, Tensor]:
        """The terms of a batch.

        Args:
            batch: with the raw uint8 images; a teacher with taps in ``batch['teacher']`` is not run.
            taps: the taps of the student.
            tasks: the student's tasks.

        Returns:
            ``<task>/<name>`` -> () float32, unweighted: the mean over all valid elements of the batch and of all ranks.
        """
        routing = batch.get('rows')
        parts = _Parts(batch, routing)
        seen = {name: self._look(name, parts) for name in self.teachers}
        terms = {}
        for link, names, route in zip(self.links, self._names, self._routes, strict=True):
            if routing is None or route is None:
                values: Terms = link(batch, taps, seen, tasks)
            else:
                values = link(parts.batch(route, link.task_names), self._own(link, route, taps, routing),
                              self._taught(link, route, seen, routing), tasks)
            terms.update({names[term]: global_ratio(*value) if isinstance(value, tuple) else value
                          for term, value in values.items()})
        return terms

    def loss(self, image: Tensor, taps: Taps, targets: Mapping[str, Tensor] | None = None,
             present: Mapping[str, Tensor] | None = None) -> Tensor:
        """The weighted sum of all terms, for your own training loop; call :meth:`check` first.

        Args:
            image: (B, 3, H, W) uint8 RGB, the input of the teachers.
            taps: the taps of the student.
            targets: task -> labels, if a link uses them.
            present: task -> (B,) bool, the samples that are labelled; by default all, of the tasks in ``targets``.

        Returns:
            () float32, ready for ``backward()``: the mean over all valid elements of the batch and of all ranks. It is exact
            under DDP, which averages gradients.

        Raises:
            ValueError: :meth:`check` has not been called.
        """
        if not self._names:
            raise ValueError('The distiller does not know the student yet: call check(student.tap_specs, tasks) once, '
                             'before you create the optimiser.')
        labels = targets or {}
        labelled = {task: torch.ones(len(image), dtype=torch.bool, device=image.device) for task in labels}
        batch: Batch = {'image': image, 'meta': [{} for _ in range(len(image))], 'targets': dict(labels),
                        'present': {**labelled, **(present or {})}, 'teacher': {}}
        terms = self(batch, taps, self._tasks)
        return torch.stack([self.term_weights[name] * term for name, term in terms.items()]).sum()

    def needed_taps(self, teacher: str) -> tuple[str, ...]:
        """The taps of a teacher that the links use, which a cache has to contain."""
        return tuple(dict.fromkeys(tap for link in self.links for tap in link.teacher_taps.get(teacher, ())))

    def _own(self, link: BaseLink, route: Route, taps: Taps, routing: Routing) -> Taps:
        """The student's taps that a link uses, with the rows of its route."""
        return {tap: routing.pick(taps[tap], route, self._head_route(tap)) for tap in link.student_taps}

    def _head_route(self, tap: str) -> Route:
        """The samples contained in a tap of the student."""
        task, _, part = tap.partition('.')
        return self._head_routes.get(task) if part in ('feat', 'out') else None

    def _taught(self, link: BaseLink, route: Route, seen: Mapping[str, Taps], routing: Routing) -> dict[str, Taps]:
        """The teachers' taps that a link uses, with the rows of its route."""
        return {name: {tap: routing.pick(seen[name][tap], route, self._teacher_routes[name]) for tap in read}
                for name, read in link.teacher_taps.items()}

    def _look(self, teacher: str, parts: '_Parts') -> Taps:
        """A teacher's taps of the samples on its route, cached or computed once."""
        route = self._teacher_routes.get(teacher)
        needed = self.needed_taps(teacher)
        cached = parts.whole['teacher'].get(teacher, {})
        if all(tap in cached for tap in needed):
            return {tap: parts.pick(cached[tap], route).float() for tap in needed}
        return self.teachers[teacher](parts.pictures(route), needed)


class _Parts:
    """The samples of a batch on each route, selected once."""

    def __init__(self, whole: Batch, routing: Routing | None) -> None:
        self.whole, self.routing = whole, routing
        self._pictures: dict[Route, Tensor] = {}

    def pick(self, tensor: Tensor, route: Route) -> Tensor:
        return tensor if self.routing is None else self.routing.pick(tensor, route)

    def pictures(self, route: Route) -> Tensor:
        if route not in self._pictures:
            self._pictures[route] = self.pick(self.whole['image'], route)
        return self._pictures[route]

    def batch(self, route: Route, tasks: Sequence[str]) -> Batch:
        """The samples of a route, with the labels of ``tasks``."""
        rows = self.routing.rows(route) if self.routing is not None else None
        if rows is None:
            return self.whole
        return {'image': self.pictures(route), 'meta': [self.whole['meta'][number] for number in rows.numbers],
                'targets': {task: self.pick(self.whole['targets'][task], route) for task in tasks},
                'present': {task: self.pick(self.whole['present'][task], route) for task in tasks}, 'teacher': {}}


def _build_teacher(cfg: Mapping[str, Any], tasks: Mapping[str, Task]) -> Teacher:
    return TEACHERS.build({'type': 'MultiTaskTeacher', 'tasks': tasks, **cfg})


def _expand(links: Links, tasks: Mapping[str, Task]) -> list[BaseLink]:
    """Build links from links, configs or templates."""
    if not isinstance(links, Mapping):
        return [link if isinstance(link, nn.Module) else _build_link(link) for link in links]
    unknown = set(links) - set(TEMPLATES)
    if unknown:
        raise ValueError(f"distiller.links has no template '{sorted(unknown)[0]}'; choose from {', '.join(TEMPLATES)}, "
                         f'or give a list of links.')
    expanded: list[BaseLink] = []
    for cfg in _listed(links.get('each_task')):
        _check_weights(cfg, tasks)
        expanded += [link for link in (_build_link(_filled(cfg, task), task=task) for task in tasks)
                     if _has_meaning(link, tasks)]
    expanded += [_build_link(cfg, tasks=list(tasks)) for cfg in _listed(links.get('all_tasks'))]
    expanded += [_build_link({'type': 'TaskContrast', **cfg}, tasks=list(tasks))
                 for cfg in _listed(links.get('between_tasks'))]
    return expanded


def _build_link(cfg: Mapping[str, Any], **given: Any) -> BaseLink:
    return LINKS.build({'type': 'Link', **given, **cfg})


def _has_meaning(link: BaseLink, tasks: Mapping[str, Task]) -> bool:
    """Whether a template's link is meaningful for a task: outputs need a probability view."""
    loss = getattr(link, 'loss', None)
    return loss is None or loss.reads == 'tap' or all(bool(tasks[task].prob_view.scope) for task in link.task_names)


def _listed(cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    if cfg is None:
        return []
    return [cfg] if isinstance(cfg, Mapping) else list(cfg)


def _filled(cfg: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Instantiate a template for one task."""
    filled = {key: _named(value, task) if key in ('student', 'teacher') else value for key, value in cfg.items()}
    weight = filled.get('weight')
    return {**filled, 'weight': weight[task]} if isinstance(weight, Mapping) else filled


def _named(value: str | Sequence[str] | None, task: str) -> Any:
    """One or several taps with the name of the task inserted."""
    if value is None or isinstance(value, str):
        return value and value.replace('{task}', task)
    return [tap.replace('{task}', task) for tap in value]


def _check_weights(cfg: Mapping[str, Any], tasks: Mapping[str, Task]) -> None:
    """Raise an error if a weight per task does not name exactly the tasks of the student."""
    weight = cfg.get('weight')
    if not isinstance(weight, Mapping):
        return
    for name in (*weight, *tasks):
        if (name in weight) != (name in tasks):
            what = 'has an unknown task' if name in weight else 'lacks a task'
            raise ValueError(f"distiller.links.each_task: weight {what}, '{name}'; give one weight for each of "
                             f'{", ".join(tasks)}.')


def _name_terms(links: Sequence[BaseLink]) -> list[dict[str, str]]:
    """The full names of the terms of each link; the student's tap is added to duplicates.

    Raises:
        ValueError: names are still duplicate, or contain ``loss``.
    """
    plain = [{term: link.term_name(term) for term in link.terms} for link in links]
    taken = [name for names in plain for name in names.values()]
    full = [{term: name if taken.count(name) == 1 else f'{name}_{link.student_taps[0]}'
             for term, name in names.items()} for link, names in zip(links, plain, strict=True)]
    everything = [name for names in full for name in names.values()]
    for name in everything:
        if everything.count(name) > 1:
            raise ValueError(f"Two links have a term '{name}': give the links different names, as in name='mid'.")
        if 'loss' in name:
            raise ValueError(f"A term cannot be called '{name}': MMEngine adds up every logged value with 'loss' in its "
                             f'name; rename the task, the link or the term.')
    return full
