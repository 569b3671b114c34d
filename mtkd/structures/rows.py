"""Samples of a batch that a part of a training step uses, determined on the host without device synchronisation.

In a batch of several data sets, most samples are labelled for only some of the tasks. A task's head, teacher and links run
only on the samples that can count for them; the other samples would be masked in the loss.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

Route = frozenset[tuple[str, str]] | None  # {(task, 'labelled' or 'unlabelled'), ...}: any of them; None: all samples


@dataclass(frozen=True)
class Rows:
    """A subset of the samples of a batch.

    Attributes:
        numbers: their positions in the batch, ascending; at least one.
        index: the same on the batch's device, (R,) int64.
    """

    numbers: tuple[int, ...]
    index: Tensor


@dataclass(frozen=True)
class RoutingPlan:
    """The routes of the parts of a model, known at build time.

    Attributes:
        routes: all routes in use.
        pairs: pairs (part, whole) of routes for which rows of ``part`` are selected from a tensor with those of ``whole``.
    """

    routes: frozenset[Route] = frozenset()
    pairs: frozenset[tuple[Route, Route]] = frozenset()

    def __bool__(self) -> bool:
        return any(route is not None for route in self.routes)


class Routing:
    """The rows of one batch for each route of a plan.

    Args:
        present: task -> (B,) bool on the CPU, see :class:`~mtkd.structures.Batch`.
        plan: the routes in use.
        device: device of the indices.
    """

    def __init__(self, present: Mapping[str, Tensor], plan: RoutingPlan, device: torch.device | str) -> None:
        self._rows: dict[Route, Rows | None] = {None: None}
        self._inside: dict[tuple[Route, Route], Tensor | None] = {}
        flags = {task: value.tolist() for task, value in present.items()}
        for route in plan.routes:
            numbers = _numbers(flags, route)
            self._rows[route] = None if numbers is None else Rows(numbers, _index(numbers, device))
        for part, whole in plan.pairs:
            self._inside[part, whole] = self._place(part, whole, device)

    def rows(self, route: Route) -> Rows | None:
        """The samples of a route; None: all of the batch. An empty route contains the first sample."""
        return self._rows[route]

    def pick(self, tensor: Tensor, part: Route, whole: Route = None) -> Tensor:
        """Select the rows of ``part`` from a tensor with the rows of ``whole``.

        Args:
            tensor: (R, ...), R being the number of rows of ``whole``.
            part: a route whose samples are all among those of ``whole``.
            whole: the route of the tensor; None: all samples.
        """
        if part == whole:
            return tensor
        rows = self._rows[part]
        index = (rows.index if rows is not None else None) if whole is None else self._inside[part, whole]
        return tensor if index is None else tensor.index_select(0, index)

    def _place(self, part: Route, whole: Route, device: torch.device | str) -> Tensor | None:
        """Positions of the samples of ``part`` among those of ``whole``; None: they are the same."""
        inner, outer = self._rows[part], self._rows[whole]
        if outer is None:
            return None if inner is None else inner.index
        places = {number: place for place, number in enumerate(outer.numbers)}
        wanted = inner.numbers if inner is not None else tuple(places)
        found = tuple(places.get(number, 0) for number in wanted)  # an empty route's stand-in may be missing
        return None if found == tuple(range(len(outer.numbers))) else _index(found, device)


def _numbers(flags: Mapping[str, list[bool]], route: Route) -> tuple[int, ...] | None:
    """Numbers of the samples of a route; None if these are all."""
    if route is None:
        return None
    size = len(next(iter(flags.values())))
    taken = [False] * size
    for task, where in route:
        wanted = where == 'labelled'
        taken = [have or bool(flag) == wanted for have, flag in zip(taken, flags[task], strict=True)]
    numbers = tuple(number for number, have in enumerate(taken) if have)
    return None if len(numbers) == size else numbers or (0,)


def _index(numbers: Collection[int], device: torch.device | str) -> Tensor:
    return from_host(tuple(numbers), device)


def from_host(numbers: Sequence[Any], device: torch.device | str) -> Tensor:
    """Whole numbers, or rows of them, as an int64 tensor on a device, without synchronisation.

    ``torch.tensor(numbers, device=...)`` copies from pageable memory, so that the host waits for the device.
    """
    made = torch.tensor(numbers, dtype=torch.int64)
    if torch.device(device).type == 'cuda':
        made = made.pin_memory()
    return made.to(device, non_blocking=True)


def joined(routes: Iterable[Route]) -> Route:
    """The union of ``routes``."""
    union: set[tuple[str, str]] = set()
    for route in routes:
        if route is None:
            return None
        union |= route
    return None if any((task, 'unlabelled') in union and (task, 'labelled') in union for task, _ in union) else \
        frozenset(union)


def row_wise(module: nn.Module) -> bool:
    """Whether a trained module processes samples independently without random numbers, so that samples can be skipped.

    Batch normalisation uses the whole batch, and dropout draws numbers for the whole batch. Other modules of this kind
    set ``across_samples = True``. :class:`mtkd.models.dropout.Dropout` is informed of the omitted samples.
    """
    return not any(isinstance(part, _BatchNorm) or getattr(part, 'across_samples', False)
                   or (isinstance(part, _DropoutNd) and part.p > 0 and not getattr(part, 'row_aware', False))
                   for part in module.modules())
