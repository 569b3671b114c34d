"""Training curves: each task's loss and its distillation terms over the iterations, of one or several runs."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .. import atomic
from ..plot_style import COLOURS, STYLE

LOG = 'vis_data/scalars.json'
SHARED = 'shared'  # panel of terms that belong to no task
RATE = 'lr'
NOT_TERMS = {'step', 'iter', 'epoch', 'time', 'data_time', 'memory', RATE}
COUNTS = ('labelled/', 'conflict/')  # prefixes of values that hooks log in addition to losses
DASHES = ('solid', (0, (4, 1.5)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)))
PANEL = (2.5, 1.9)  # inches
FEW = 12  # curves with at most this many values have dots: a short run may have logged only one
_STAMP = re.compile(r'\d{8}_\d{6}')  # MMEngine's folder of one start of a run


@dataclass(frozen=True)
class Log:
    """The training log of one run.

    Attributes:
        name: name of the run, for the legend.
        values: iteration -> name -> value, in the order of iterations.
    """

    name: str
    values: dict[int, dict[str, float]]

    @property
    def terms(self) -> list[str]:
        """The names of all terms that can be drawn, in the order in which they were first logged."""
        return list(dict.fromkeys(name for line in self.values.values() for name in line
                                  if name not in NOT_TERMS and not name.startswith(COUNTS)))

    def series(self, term: str) -> tuple[list[int], list[float]]:
        """Iterations and values of one term."""
        found = [(step, line[term]) for step, line in self.values.items() if term in line]
        return [step for step, _ in found], [value for _, value in found]


def read_log(work_dir: str | Path, name: str | None = None) -> Log:
    """The log of a run, over all its starts.

    A resumed run continues the log from where it was resumed: later entries of the interrupted attempt are dropped. An
    incomplete last line (of a running or killed run) and entries of validations are skipped.

    Args:
        work_dir: work dir of `tools/train.py`.
        name: name of the run; by default that of its folder.

    Raises:
        FileNotFoundError: there is no log.
        ValueError: a line is not JSON, or the log has no training step.
    """
    work_dir = Path(work_dir)
    starts = sorted(path for path in work_dir.glob('*') if _STAMP.fullmatch(path.name))
    files = [path for path in (*(start / LOG for start in starts), work_dir / LOG) if path.is_file()]
    if not files:
        raise FileNotFoundError(f'{work_dir} contains no {LOG}: give a work dir of mtkd train.')
    values: dict[int, dict[str, float]] = {}
    last = 0
    for line in (line for file in files for line in _lines(file)):
        step = int(line.get('step', 0))
        if step < last:
            values = {at: kept for at, kept in values.items() if at <= step}
        last = step
        if 'loss' in line:
            numbers = {key: float(value) for key, value in line.items() if isinstance(value, int | float)}
            values[step] = {**values.get(step, {}), **numbers}
    if not values:
        raise ValueError(f'{files[-1]} contains no training step yet: wait for the first, or give another run.')
    return Log(name or work_dir.name, values)


def _lines(file: Path) -> list[dict]:
    texts = file.read_text(encoding='utf-8').splitlines()
    lines = []
    for number, text in enumerate(texts, 1):
        try:
            lines.append(json.loads(text))
        except ValueError as error:
            if number < len(texts):
                raise ValueError(f'{file}, line {number} is not valid JSON ({error}): remove the line.') from None
    return lines


def names_of(work_dirs: Sequence[str | Path]) -> list[str]:
    """A short name per run: that of its config, with the seed if needed to distinguish them."""
    parts = [Path(path).resolve().parts for path in work_dirs]
    for pick in (lambda p: p[-2] if p[-1].startswith('seed') else p[-1], lambda p: '/'.join(p[-2:]), lambda p: '/'.join(p)):
        names = [pick(part) for part in parts]
        if len(set(names)) == len(names):
            return names
    raise ValueError('a run is given twice: give each run once.')


def choose(logs: Sequence[Log], globs: Sequence[str] = ()) -> list[str]:
    """The terms to draw: those that match one of the globs, by default all terms of tasks and shared terms.

    Raises:
        ValueError: a glob matches none of the terms.
    """
    terms = list(dict.fromkeys(term for log in logs for term in log.terms))
    for glob in globs:
        if not fnmatch.filter(terms, glob):
            raise ValueError(f"no term matches '{glob}': the logs contain {', '.join(terms)}.")
    return [term for term in terms if any(fnmatch.fnmatchcase(term, glob) for glob in globs or ('*/*',))]


def smoothed(values: Sequence[float], width: int) -> list[float]:
    """Centred moving average over ``width`` values, with smaller windows towards the ends."""
    out = []
    for i in range(len(values)):
        reach = min(width // 2, i, len(values) - 1 - i)
        window = values[i - reach:i + reach + 1]
        out.append(sum(window) / len(window))
    return out


def draw(logs: Sequence[Log], globs: Sequence[str] = (), smooth: int = 1, log_scale: bool = False,
         rate: bool = False) -> Figure:
    """One panel per task: its own loss above and its distillation terms, if any, below.

    The first logged term of a task is its own loss. Runs differ in colour and terms in dashes; with a single run, terms
    differ in colour. Smoothed curves are drawn over the logged values in a pale colour.

    Args:
        logs: the runs.
        globs: see :func:`choose`.
        smooth: number of logged values to average.
        log_scale: whether the axis of the values is logarithmic.
        rate: adds a panel with the learning rate.

    Raises:
        ValueError: a glob matches no term, ``smooth`` is below 1, or there is nothing to draw.

    Source: the paper KD4MTL, figures 3 and 4.
    """
    if smooth < 1:
        raise ValueError(f'smooth is {smooth}; give the number of values to average, at least 1.')
    chosen = choose(logs, globs)
    if not chosen:
        raise ValueError('the logs contain no terms of tasks: there is nothing to draw.')
    own = _own_terms(logs)
    groups: dict[str, list[list[str]]] = {}  # panel -> [its task's loss, its distillation terms]
    for term in chosen:
        groups.setdefault(_group(term), [[], []])[term not in own].append(term)
    rows = [row for row in (0, 1) if any(group[row] for group in groups.values())]
    with matplotlib.rc_context(STYLE):
        columns = len(groups) + rate
        figure = Figure(figsize=(PANEL[0] * columns + 0.4, PANEL[1] * len(rows) + 0.5), layout='constrained')
        axes: list[list[Axes]] = figure.subplots(len(rows), columns, squeeze=False, sharex=True).tolist()
        for column, (name, group) in enumerate(groups.items()):
            for place, row in enumerate(rows):
                _panel(axes[place][column], logs, group[row], smooth, log_scale)
            _first_seen([panels[column] for panels in axes]).set_title(name)
        for place, row in enumerate(rows):
            _first_seen(axes[place]).set_ylabel('distillation' if row else 'task loss')
        if rate:
            _rate_panel(axes[-1][-1], logs)
            for panels in axes[:-1]:
                panels[-1].set_axis_off()
        figure.align_ylabels()
        _label_iterations(axes, logs)
        if len(logs) > 1:
            handles = [Line2D([], [], color=_colour(i), label=log.name, linewidth=1.8) for i, log in enumerate(logs)]
            figure.legend(handles=handles, loc='outside upper center', ncols=min(len(logs), 4), fontsize=8)
    return figure


def write(figure: Figure, path: str | Path) -> Path:
    """Write a figure; the extension selects the format.

    Raises:
        ValueError: the extension is not .png, .pdf or .svg.
    """
    path = Path(path)
    if path.suffix.lower() not in ('.png', '.pdf', '.svg'):
        raise ValueError(f"'{path}': the name of a figure must end in .png, .pdf or .svg.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with matplotlib.rc_context(STYLE), atomic.replacing(path) as partial:
        figure.savefig(partial, dpi=220)
    return path


def _group(term: str) -> str:
    """The panel of a term: its task, or the term itself."""
    return term.split('/')[0]


def _own_terms(logs: Sequence[Log]) -> set[str]:
    """The tasks' own losses: the first logged term of each task, and terms of no task, such as the total."""
    own = set()
    for log in logs:
        seen: set[str] = set()
        for term in log.terms:
            group = _group(term)
            if group not in seen and (group != SHARED or '/' not in term):
                own.add(term)
            seen.add(group)
    return own


def _panel(axes: Axes, logs: Sequence[Log], terms: Sequence[str], smooth: int, log_scale: bool) -> None:
    if not terms:
        axes.set_axis_off()
        return
    for run, log in enumerate(logs):
        for number, term in enumerate(terms):
            steps, values = log.series(term)
            colour = _colour(run if len(logs) > 1 else number)
            dash = DASHES[number % len(DASHES)] if len(logs) > 1 else 'solid'
            if smooth > 1:
                axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.7)
            axes.plot(steps, smoothed(values, smooth), color=colour, linestyle=dash, markersize=2.5,
                      marker='o' if len(steps) <= FEW else None)
    if log_scale:
        axes.set_yscale('log')
    single = len(logs) == 1
    handles = [Line2D([], [], color=_colour(i) if single else '#444444', label=term.split('/', 1)[-1],
                      linestyle='solid' if single else DASHES[i % len(DASHES)]) for i, term in enumerate(terms)]
    axes.legend(handles=handles, loc='best', handlelength=2.2)


def _first_seen(panels: Sequence[Axes]) -> Axes:
    return next(panel for panel in panels if panel.axison)


def _rate_panel(axes: Axes, logs: Sequence[Log]) -> None:
    """Learning rates; dashed, because runs often have the same."""
    axes.set_title('learning rate')
    for run, log in enumerate(logs):
        steps, values = log.series(RATE)
        axes.plot(steps, values, color=_colour(run), linestyle=DASHES[run % len(DASHES)],
                  marker='o' if len(steps) <= FEW else None, markersize=2.5)
    axes.ticklabel_format(axis='y', style='sci', scilimits=(-2, 3), useMathText=True)


def _label_iterations(axes: Sequence[Sequence[Axes]], logs: Sequence[Log]) -> None:
    """Label the iterations below the lowest visible panel of each column, in thousands for long runs."""
    longest = max(max(log.values) for log in logs)
    thousands = longest >= 10_000
    for column in zip(*axes, strict=True):
        lowest = [panel for panel in column if panel.axison][-1:]
        for panel in lowest:
            panel.set_xlabel('iteration (thousands)' if thousands else 'iteration')
            panel.tick_params(labelbottom=True)
            panel.set_xlim(0, longest * 1.01)
            panel.locator_params(axis='x', nbins=5)
            if thousands:
                panel.xaxis.set_major_formatter(lambda x, _: f'{x / 1000:g}')


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
