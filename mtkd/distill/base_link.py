"""Base class of the links of a distiller, which compute terms from a batch and the taps of student and teachers."""

from collections.abc import Mapping

from torch import nn

from ..models import Taps, TapSpec
from ..structures import Batch, Route
from ..tasks import Task
from .losses.distill_loss import Terms
from .teacher import Teacher


class BaseLink(nn.Module):
    """A part of a :class:`~mtkd.distill.distiller.Distiller`; in a config ``dict(type=…)``, by default ``Link``.

    :class:`~mtkd.distill.link.Link` compares taps with a loss, and is enough for most methods. A method that computes its
    terms in another way (:class:`~mtkd.distill.task_contrast.TaskContrast`) derives from this class and registers in
    ``LINKS``. A link's parameters and buffers are trained and saved with the distiller.

    Attributes:
        weight: factor of its terms in the total.
        terms: the names of its terms, known after :meth:`bind`.
        task_names: the tasks in the names of its terms.
        student_taps: the student's taps that it uses, known after :meth:`bind`.
        teacher_taps: teacher -> its taps that the link uses, known after :meth:`bind`; empty without a teacher.
        progress: completed fraction of the training, 0 to 1; the distiller sets it before every step.
    """

    weight: float = 1.0
    progress: float = 0.0
    terms: tuple[str, ...] = ()
    task_names: tuple[str, ...] = ()
    student_taps: tuple[str, ...] = ()
    teacher_taps: Mapping[str, tuple[str, ...]] = {}

    @property
    def route(self) -> Route:
        """The samples that can contribute to the link; None: all. In training, it receives only these samples."""
        return None

    def term_name(self, term: str) -> str:
        """The full name of a term, ``<task>/<term>``; by default the terms are full names themselves."""
        return term

    def weight_at(self, progress: float) -> float:
        """The weight after a given fraction of the training."""
        return self.weight

    def bind(self, tap_specs: Mapping[str, TapSpec], tasks: Mapping[str, Task], teachers: Mapping[str, Teacher]) -> None:
        """Resolve its inputs, check that they fit, and build its parameters; called once, before loading any checkpoint.

        Raises:
            ValueError: the inputs do not fit.
        """

    def meet(self, student: nn.Module) -> None:
        """Called once after :meth:`bind` with the student's network."""

    def forward(self, batch: Batch, taps: Taps, seen: Mapping[str, Taps], tasks: Mapping[str, Task]) -> Terms:
        """The terms, by name: (sum (B,), count (B,)), or () for a value that is exact over ranks.

        Args:
            batch: the batch.
            taps: the taps of the student.
            seen: teacher -> its taps.
            tasks: the student's tasks.
        """
        raise TypeError(f'{type(self).__name__} does not implement forward')
