"""One sample as a page: its image, and for each task the label, the student's and a teacher's prediction, and the error.

Dense tasks are columns of images, with their colour scales or class names; image-level tasks are boxes of text.
matplotlib is imported when a page is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ..plot_style import STYLE
from ..structures import IGNORE
from .draw import palette
from .pictured import ErrorMap
from .task import Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, DPI = 2.1, 120  # width of a cell, inches; dots per inch
MOST_NAMES = 40  # maximum number of classes in the legend
ERRORS = 'magma'  # colormap of errors; pixels without a label are grey
NO_LABEL, RIGHT, WRONG = '#b8b8b8', '#e9e9e9', '#d55e00'
LABEL, STUDENT, TEACHER, ERROR = 'label', 'student', 'teacher', "student's\nerror"


@dataclass(frozen=True)
class Shown:
    """One sample, ready to be drawn.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        labels: task -> label without the batch axis; tasks without a label are left out.
        student: task -> the student's prediction.
        teacher: task -> a teacher's prediction; None: no teacher.
        title: origin of the sample.
        class_names: task -> names of its classes, if they are known.
    """

    image: np.ndarray
    labels: Mapping[str, Tensor]
    student: Mapping[str, Tensor]
    teacher: Mapping[str, Tensor] | None = None
    title: str = ''
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)


def panel(shown: Shown, tasks: Mapping[str, Task]) -> np.ndarray:
    """The page as (H, W, 3) uint8 RGB."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    maps = {name: task for name, task in tasks.items() if task.kind.spatial}
    whole = {name: task for name, task in tasks.items() if not task.kind.spatial}
    rows = [(LABEL, shown.labels), (STUDENT, shown.student)]
    rows += [(TEACHER, shown.teacher)] if shown.teacher is not None else []
    with matplotlib.rc_context({**STYLE, 'axes.grid': False}):
        figure = Figure(dpi=DPI, layout='compressed')
        canvas = FigureCanvasAgg(figure)
        if maps:
            _columns(figure, shown, maps, whole, rows)
        else:
            _beside(figure, shown, whole, rows)
        if shown.title:
            figure.suptitle(shown.title, fontsize=9, x=0.01, ha='left')
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _columns(figure: Figure, shown: Shown, maps: Mapping[str, Task], whole: Mapping[str, Task],
             rows: Sequence[Any]) -> None:
    """One column per dense task with rows for label, student, teacher and error; boxes of text below the image."""
    names = [name for name, _ in rows] + [ERROR]
    height = WIDTH * shown.image.shape[0] / shown.image.shape[1]
    legends = _legends(shown, maps)
    across = 8 if len(legends) == 1 else 4
    below = max((0.35 + 0.17 * math.ceil(len(entries) / across) for entries in legends.values()), default=0)
    beside = math.ceil(max(0, len(whole) - len(rows)) / len(names))  # columns of boxes that do not fit below the image
    bars = sum(task.colours is not None for task in maps.values())
    figure.set_size_inches((WIDTH + 0.1) * (1 + len(maps) + beside) + 0.5 * bars + 0.7,
                           (height + 0.12) * len(names) + 0.9 + below)
    axes: Any = figure.subplots(len(names), 1 + len(maps) + beside, squeeze=False)
    for line, name in enumerate(names):
        axes[line][0].set_ylabel(name, rotation=0, ha='right', va='center', fontsize=9)
    _picture(axes[0][0], shown.image)
    axes[0][0].set_title('image')
    free = [row[0] for row in axes[1:]] + [row[column] for column in range(1 + len(maps), len(axes[0])) for row in axes]
    for cell, (name, task) in zip(free, whole.items(), strict=False):
        _box(cell, name, task, shown, rows)
    for cell in free[len(whole):]:
        _bare(cell)
        _empty(cell, shown.image)
    for column, (name, task) in enumerate(maps.items(), 1):
        axes[0][column].set_title(name)
        for line, (_, values) in enumerate(rows):
            _map(axes[line][column], task, values.get(name), shown.image, 'no label' if line == 0 else 'no prediction')
        _colour_bar(figure, task, [row[column] for row in axes[:-1]])
        _error(figure, axes[-1][column], task, shown, name)
    for place, (name, entries) in enumerate(legends.items()):
        _legend(figure, name, entries, 'right' if place else 'left', across)


def _beside(figure: Figure, shown: Shown, whole: Mapping[str, Task], rows: Sequence[Any]) -> None:
    """The image with one box of text per task beside it."""
    wide = shown.image.shape[1] / shown.image.shape[0]
    size = min(2.4 * wide, 7.0)
    figure.set_size_inches(size + 2.7 * len(whole) + 0.2, 3.0)
    axes: Any = figure.subplots(1, 1 + len(whole), squeeze=False, width_ratios=[size, *[2.7] * len(whole)])[0]
    _picture(axes[0], shown.image)
    for cell, (name, task) in zip(axes[1:], whole.items(), strict=True):
        _box(cell, name, task, shown, rows)


def _bare(cell: Axes) -> None:
    cell.set_xticks([])
    cell.set_yticks([])
    cell.spines[:].set_visible(False)


def _picture(cell: Axes, image: np.ndarray) -> None:
    _bare(cell)
    cell.imshow(image, interpolation='nearest')


def _empty(cell: Axes, image: np.ndarray, text: str = '') -> None:
    """A cell of the image's shape that contains only text."""
    cell.imshow(np.full_like(image, 255))
    cell.text(0.5, 0.5, text, ha='center', va='center', color='#777777', transform=cell.transAxes)


def _map(cell: Axes, task: Task, value: Tensor | None, image: np.ndarray, otherwise: str) -> None:
    _bare(cell)
    if value is None:
        _empty(cell, image, otherwise)
    else:
        cell.imshow(task.draw(value[None])[0].permute(1, 2, 0).numpy(), interpolation='nearest')


def _colour_bar(figure: Figure, task: Task, cells: Sequence[Axes]) -> None:
    """The colour scale of a task beside its maps."""
    scale = task.colours
    if scale is not None:
        from matplotlib.cm import ScalarMappable
        from matplotlib.colors import Normalize
        bar = figure.colorbar(ScalarMappable(Normalize(0, scale.high), scale.colormap), ax=list(cells), aspect=30, pad=0.02,
                              fraction=0.05)
        _quiet(bar, scale.unit)


def _quiet(bar: Any, unit: str) -> None:
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=6.5, length=2)
    bar.ax.set_title(unit, fontsize=7, fontweight='normal')


def _error(figure: Figure, cell: Axes, task: Task, shown: Shown, name: str) -> None:
    _bare(cell)
    label, prediction = shown.labels.get(name), shown.student.get(name)
    found = None if label is None or prediction is None else task.error(prediction, label)
    if found is None:
        _empty(cell, shown.image, 'no label' if label is None else 'no error map')
        return
    cell.set_xlabel(found.summary, fontsize=7.5)
    _error_map(figure, cell, found)


def _error_map(figure: Figure, cell: Axes, found: ErrorMap) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap
    colours = (ListedColormap([RIGHT, WRONG]) if found.wrong else colormaps[ERRORS]).with_extremes(bad=NO_LABEL)
    drawn = cell.imshow(found.values.numpy(), cmap=colours, vmin=0, vmax=found.high, interpolation='nearest')
    if not found.wrong:
        over = bool((found.values > found.high).any())
        _quiet(figure.colorbar(drawn, ax=cell, aspect=12, pad=0.02, fraction=0.05, extend='max' if over else 'neither'),
               found.unit)


def _legends(shown: Shown, maps: Mapping[str, Task]) -> dict[str, list[tuple[str, Any]]]:
    """Task -> name and colour of each class that its label or a prediction has."""
    legends = {}
    for name, task in maps.items():
        values = [task.class_of(of[name]) for of in (shown.labels, shown.student, shown.teacher or {}) if name in of]
        ids = sorted({int(i) for value in values if value is not None for i in value.unique()} - {IGNORE})
        if ids:
            known = shown.class_names.get(name, ())
            entries = [(known[i] if i < len(known) else f'class {i}', palette()[i].numpy() / 255) for i in ids[:MOST_NAMES]]
            more = [(f'and {len(ids) - MOST_NAMES} more', (1, 1, 1))] if len(ids) > MOST_NAMES else []
            legends[name] = [*entries, *more, ('no label', (0, 0, 0))]
    return legends


def _legend(figure: Figure, name: str, entries: Sequence[tuple[str, Any]], side: str, across: int) -> None:
    from matplotlib.patches import Patch
    figure.legend([Patch(color=colour) for _, colour in entries], [text for text, _ in entries], ncols=across,
                  fontsize=7, loc=f'outside lower {side}', title=f'classes of {name}',
                  title_fontsize=7.5, alignment='left', handlelength=1.1, columnspacing=1.2)


def _box(cell: Axes, name: str, task: Task, shown: Shown, rows: Sequence[Any]) -> None:
    """Label, student's and teacher's prediction of an image-level task; probabilities are drawn as bars."""
    _bare(cell)
    cell.set_title(name, loc='left')
    cell.set(xlim=(0, 1), ylim=(0, 1))
    names = shown.class_names.get(name, ())
    said = [(row, task.words(values[name], names) if name in values else []) for row, values in rows]
    lines = [(row if i == 0 else '', *words) for row, found in said
             for i, words in enumerate(found or [('no label' if row == LABEL else 'no prediction', None)])]
    step = 0.98 / max(len(lines), 6)
    right = {text for text, _ in dict(said)[LABEL]}
    for number, (row, text, share) in enumerate(lines):
        y = 0.98 - step * (number + 0.5)
        cell.text(0.0, y, row, va='center', fontsize=7.5, color='#555555')
        if share is not None:
            cell.barh(y, 0.72 * share, height=0.8 * step, left=0.26, color='#9fd0b8' if text in right else '#d9d9d9')
        shown_text = text if share is None else f'{text}  {100 * share:.1f} %'
        cell.text(0.27, y, shown_text, va='center', fontsize=8, fontweight='bold' if row else 'normal')

