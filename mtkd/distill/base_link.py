"""What every link of a distiller is: something that makes terms of a batch, the student's taps and the teachers'."""

from collections.abc import Mapping

from torch import nn

from ..models import Taps, TapSpec
from ..structures import Batch, Route
from ..tasks import Task
from .losses.distill_loss import Terms
from .teacher import Teacher


class BaseLink(nn.Module):
    """A part of a :class:`~mtkd.distill.distiller.Distiller`; in a config ``dict(type=…)``, by default ``Link``.

    :class:`~mtkd.distill.link.Link` compares taps with a loss, and is enough for most methods. A method that makes its
    terms in another way (:class:`~mtkd.distill.task_contrast.TaskContrast`) derives from this class and registers in
    ``LINKS``. Parameters and buffers that it has are trained and kept in checkpoints with the distiller.

    Attributes:
        weight: factor of its terms in the total.
        terms: the names of its terms, known after :meth:`bind`.
        task_names: the tasks whose names its terms carry.
        student_taps: the student's taps it reads, known after :meth:`bind`.
        teacher_taps: teacher -> the taps of it that it reads, known after :meth:`bind`; empty without a teacher.
        progress: share of the training that is done, 0 to 1; the distiller sets it before every step.
    """

    weight: float = 1.0
    progress: float = 0.0
    terms: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()
    student_taps: tuple[str, ...] = ()
    teacher_taps: Mapping[str, tuple[str, ...]] = {}

    @property
    def route(self) -> Route:
        """The samples that can count for it; None: all. In training it is given the rows of these samples alone."""
        return None

    def term_name(self, term: str) -> str:
        """The full name of a term, ``<task>/<term>``; by default the terms are full names themselves."""
        return term

    def weight_at(self, progress: float) -> float:
        """The weight when a share of the training is done."""
        return self.weight

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
        """Settle what it reads, check that it fits, and build what it trains; called once, before any checkpoint.

        Raises:
            ValueError: something does not fit.
        """

    def meet(self, student: nn.Module) -> None:
        """Called once after :meth:`bind` with the student's network."""

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """The terms, by name: (sum (B,), count (B,)), or () for a value that is exact over ranks.

        Args:
            batch: the batch.
            taps: the student's.
            seen: teacher -> its taps.
            tasks: the student's tasks.
        """
        raise TypeError(f'{type(self).__name__} does not say what its terms are')
