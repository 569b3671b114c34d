"""Plots of gradient agreement: a matrix of cosines, and the cosine of each pair over the training."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ... import atomic
from ...plot_style import COLOURS, STYLE

if TYPE_CHECKING:  # matplotlib is slow to import and most runs do not use it
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELL = 0.55  # inches per task in the matrix


def cosines_of(gram: np.ndarray) -> np.ndarray:
    """(T, T) Gramian -> (T, T) cosines, NaN if a task had no gradient."""
    norms = np.sqrt(np.clip(np.diag(gram), 0, None))
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.clip(gram / np.outer(norms, norms), -1, 1)


def pairs(tasks: Sequence[str]) -> list[tuple[int, int, str]]:
    """(i, j, 'first~second') of every pair of tasks."""
    return [(i, j, f'{tasks[i]}~{tasks[j]}') for i, j in combinations(range(len(tasks)), 2)]


def matrix_picture(tasks: Sequence[str], cosines: np.ndarray, title: str = '') -> np.ndarray:
    """The matrix as an image, (H, W, 3) uint8: blue where gradients agree, red where they conflict."""
    import matplotlib
    from matplotlib.figure import Figure
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(1.6 + CELL * len(tasks), 1.2 + CELL * len(tasks)), dpi=120, layout='constrained')
        _matrix(figure.add_subplot(), tasks, cosines, title)
        return _pixels(figure)


def draw_history(tasks: Sequence[str], steps: Sequence[int], history: Sequence[np.ndarray], file: Path) -> None:
    """Plot the cosine of each pair over the training, and the mean matrices of its first and last quarter, as a PNG.

    Args:
        tasks: T names.
        steps: the iterations.
        history: (T, T) cosines at each iteration.
        file: the output file.
    """
    import matplotlib
    from matplotlib.figure import Figure
    quarter = max(1, len(steps) // 4)
    stacked = np.stack(history)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.0 + 2 * (0.6 + CELL * len(tasks)), 2.0 + CELL * max(3, len(tasks))), dpi=150,
                        layout='constrained')
        over_time, first, last = figure.subplots(1, 3, width_ratios=[1.4, 1, 1])
        for number, (i, j, name) in enumerate(pairs(tasks)):
            over_time.plot(steps, stacked[:, i, j], color=COLOURS[number % len(COLOURS)],
                           linestyle='-' if number < len(COLOURS) else '--', marker='.', label=name.replace('~', ' · '))
        over_time.axhline(0, color='#555555', linewidth=0.8)
        over_time.set(xlabel='iteration', ylabel='cosine of gradients', ylim=(-1.02, 1.02))
        over_time.legend(fontsize=7, loc='upper center', bbox_to_anchor=(0.5, -0.16), ncols=3)
        _matrix(first, tasks, _mean(stacked[:quarter]), f'up to {steps[quarter - 1]}')
        _matrix(last, tasks, _mean(stacked[-quarter:]), f'from {steps[-quarter]}')
        with atomic.replacing(file) as partial:
            figure.savefig(partial)


def _mean(stacked: np.ndarray) -> np.ndarray:
    """The mean over time, ignoring NaN."""
    known = ~np.isnan(stacked)
    with np.errstate(invalid='ignore'):
        return np.where(known, stacked, 0).sum(0) / known.sum(0)


def _matrix(axes: Axes, tasks: Sequence[str], cosines: np.ndarray, title: str) -> None:
    axes.grid(visible=False)
    axes.imshow(cosines, cmap='RdBu', vmin=-1, vmax=1)
    axes.set_xticks(range(len(tasks)), tasks, rotation=45, ha='right')
    axes.set_yticks(range(len(tasks)), tasks)
    axes.set_title(title)
    axes.spines[:].set_visible(False)
    for i, j in np.ndindex(*cosines.shape):
        value = cosines[i, j]
        axes.text(j, i, '' if np.isnan(value) else f'{value:.2f}', ha='center', va='center', fontsize=7,
                  color='white' if abs(value) > 0.6 else 'black')


def _pixels(figure: Figure) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
