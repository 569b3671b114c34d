"""Generates the table of all distillation methods in ``docs/catalogue.md`` from the code.

    python -m mtkd.distill.catalogue docs/catalogue.md

The table contains every class with a ``method`` (:class:`~mtkd.distill.losses.distill_loss.Method`): every registered loss,
and teachers and links that are methods themselves. Methods that combine these are in :data:`RECIPES`.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from ..registry import DISTILL_LOSSES, LINKS, TEACHERS, Registry
from .losses import DistillLoss, Method

BATCH, CLASSES, SIDE = 8, 10, 8
LEVELS = ('outputs', 'features', 'levels', 'teachers', 'self', 'online')
FITS = {'any': 'any', 'classes': 'classes', 'dense': 'maps', 'vectors': 'one label per image', 'regression': 'numbers'}
BEGIN, END = '<!-- table: python -m mtkd.distill.catalogue docs/catalogue.md -->', '<!-- end of the table -->'

RECIPES = {  # config of the catalogue -> a method without a class of its own
    'born_again_1': Method('Born-again networks', 'Furlanello et al. 2018', 'self', note='a generation teaches the next',
                           cost="the teacher's forward"),
    'online_multi_task_kd': Method('Online multi-task distillation', 'after Jacob et al. 2023', 'online',
                                   note='a single-task `Peer` for each task', parameters='a network a task',
                                   cost='their forward and backward'),
    'sak': Method('SAK', 'Lu, Cao & Wang 2025', 'teachers', 'dense', note='`SAKTrunk` and `RadioSpatial`',
                  parameters='adapters and routers, part of the student'),
}


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        name: class name, the ``type`` in a config, or the name of the config.
        where: the registry, or ``'config'``.
        method: title, source, level and what it fits.
        state: size of its state without parameters.
        parameters: number of trained parameters.
        products: multiplications and additions of matrix products and convolutions per step, forward and backward.
    """

    name: str
    where: str
    method: Method
    state: int | None = None
    parameters: int | None = None
    products: int | None = None


def rows() -> list[Row]:
    """Every method that is registered, by level and title."""
    found = [_measured(name, cls, cls.method) for name, cls in _methods(DISTILL_LOSSES)]
    found += [Row(name, where, cls.method) for where, registry in (('teacher', TEACHERS), ('link', LINKS))
              for name, cls in _methods(registry)]
    found += [Row(name, 'config', method) for name, method in RECIPES.items()]
    return sorted(found, key=lambda row: (LEVELS.index(row.method.level), row.method.title.lower(), row.name))


def table() -> str:
    """The table in Markdown."""
    lines = ['| method | `type` | source | tasks | state | parameters | products, M | note |',
             '|---|---|---|---|---:|---:|---:|---|']
    level = ''
    for row in rows():
        if row.method.level != level:
            level = row.method.level
            lines.append(f'| **{level}** | | | | | | | |')
        kind = '' if row.where == 'loss' else f' ({row.where})'
        numbers = [words or _number(value) for words, value in ((row.method.state, row.state),
                                                                (row.method.parameters, row.parameters))]
        products = row.method.cost or ('–' if not row.products else f'{row.products / 1e6:.1f}')
        lines.append(f'| {row.method.title} | `{row.name}`{kind} | {row.method.source or "–"} | {FITS[row.method.fits]} | '
                     f'{numbers[0]} | {numbers[1]} | {products} | {row.method.note} |')
    return '\n'.join(lines)


def written(text: str) -> str:
    """A page with an updated table between its two markers.

    Raises:
        ValueError: the page lacks a marker.
    """
    if BEGIN not in text or END not in text:
        raise ValueError(f'The page lacks the lines that mark the place of the table: {BEGIN} and {END}.')
    return f'{text[:text.index(BEGIN)]}{BEGIN}\n\n{table()}\n\n{text[text.index(END):]}'


def _number(value: int | None) -> str:
    return f'{value:,}' if value else '–'


def _methods(registry: Registry) -> Iterator[tuple[str, Any]]:
    registry.import_from_location()
    for name, cls in sorted(registry.module_dict.items()):
        if getattr(cls, 'method', None) is not None:
            yield name, cls


def _measured(name: str, cls: type[DistillLoss], method: Method) -> Row:
    """Build a loss and run it once, on 8 samples of 8×8 pixels."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loss = cls(**(method.options or {}))
        students, teachers = _channels(loss)
        loss.setup(students, teachers)
        products = _products(loss, students, teachers)
    statistics = nn.modules.batchnorm._BatchNorm | nn.utils.parametrizations._SpectralNorm
    kept = [value for owner in loss.modules() if not isinstance(owner, statistics) for value in owner.buffers(recurse=False)]
    return Row(name, 'loss', method, sum(value.numel() for value in kept),
               sum(value.numel() for value in loss.parameters()), products)


def _channels(loss: DistillLoss) -> tuple[list[int], list[int]]:
    """Channels of both sides: 10 classes for outputs, otherwise 64 and 128, and half of these at a finer level."""
    level = loss.method.level if loss.method is not None else 'features'
    if level not in ('features', 'levels'):
        return [CLASSES], [CLASSES] * (3 if 'teacher' in loss.several else 1)
    if 'student' in loss.several:
        return [32, 64], [64, 128]
    return ([128], [128]) if loss.same_channels else ([64], [128])


def _products(loss: DistillLoss, students: Sequence[int], teachers: Sequence[int]) -> int:
    ours = tuple(_view(loss, channels, len(students) - i) for i, channels in enumerate(students))
    theirs = tuple(_view(loss, channels, len(teachers) - i if 'student' in loss.several else 1).detach()
                   for i, channels in enumerate(teachers))
    asked: dict[str, Any] = {'target': (torch.arange(SIDE) // 2).expand(BATCH, SIDE, SIDE), 'index': torch.arange(BATCH),
                             'progress': 0.5}
    with _Counter() as counter:
        terms = loss(ours if 'student' in loss.several else ours[0],
                     theirs if 'teacher' in loss.several else theirs[0] if loss.needs_teacher else None,
                     (None,) * len(ours) if 'student' in loss.several else None, **{name: asked[name] for name in loss.asks})
        total = [value[0].sum() if isinstance(value, tuple) else value for value in terms.values()]
        torch.stack(total).sum().backward()
    return counter.total


class _Counter(TorchDispatchMode):
    """Counts like ``FlopCounterMode``, which does not support losses that compute a gradient in their forward pass."""

    total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        self.total += count(*args, **(kwargs or {}), out_val=out) if count else 0
        return out


def _view(loss: DistillLoss, channels: int, scale: int) -> Tensor:
    """(8, C, 8 s, 8 s) of features, scores or their probabilities."""
    leaf = torch.randn(BATCH, channels, SIDE * scale, SIDE * scale).requires_grad_()
    if loss.reads == 'tap':
        return leaf
    return leaf.log_softmax(1) if loss.reads == 'log_probs' else leaf.softmax(1)


if __name__ == '__main__':
    page = Path(sys.argv[1])
    page.write_text(written(page.read_text()))
