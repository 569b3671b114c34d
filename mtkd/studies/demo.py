"""The demo: the benefit of a teacher for a student with few labels."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from rich.table import Table

from .. import atomic
from ..datasets import TaskDataset
from ..deploy.student import load_student
from ..engine.checkpoint import FINAL
from ..engine.facts import Facts
from ..engine.job import Job
from ..engine.record import describe
from ..engine.run import test, train
from ..leaderboard import Result, SuiteBoard
from ..leaderboard.table import table
from ..plot_style import STYLE
from ..registry import DATASETS
from ..tasks.draw import palette

QUICKSTART = 'configs/quickstart'
SUITE = 'quickstart_few_labels'
TEACHER, ALONE, TAUGHT = 'few_labels_teacher', 'few_labels_student', 'few_labels_taught'
TITLES = {ALONE: 'student alone', TAUGHT: 'student taught', TEACHER: 'teacher'}
WHY = ('8 of the 512 training scenes are labelled. The student alone is trained on these only. The taught student is also '
       'trained on scenes without labels, where the predictions of the teacher replace the labels.')
SCENES = (0, 3)  # of the validation set, for the figure
CLASSES, DEPTH = 'semseg', 'depth'
HEADINGS = {CLASSES: 'semantic classes', DEPTH: 'depth (m)', 'normals': 'surface normals', 'edge': 'edges (probability)'}
QUIET = {'log_level': 'ERROR', 'default_hooks.logger.interval': 10, 'default_hooks.checkpoint.interval': 1000,
         'test_evaluator.workers': 0}  # starting processes would take longer than evaluating 64 small images
Report = Callable[[Job, Facts, Path], None]


@dataclass(frozen=True)
class Outcome:
    """Result of a demo.

    Attributes:
        seeds: number of seeds of the two students.
        folders: name of the config -> work dir of its first seed.
    """

    seeds: int
    folders: dict[str, Path]


def free_threads() -> int:
    """Number of threads for the demo: the processors of this process minus the load of the machine, at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    busy = os.getloadavg()[0] if hasattr(os, 'getloadavg') else 0.0
    return max(1, min(allowed, round(allowed - busy)))


def write_results(job: Job, facts: Facts, out: Path) -> None:
    """Write the results record of a test."""
    Result.of(facts.metrics, **describe(facts, job.config)).write(out)


def run(out: Path, max_seeds: int, seconds: float, report: Report = write_results) -> Outcome:
    """Run the teacher, then the student alone and with the teacher, for as many seeds as the time allows.

    Args:
        out: output folder.
        max_seeds: maximum number of seeds of the two students.
        seconds: time after which no further seed is started.
        report: writes the results record of a test, given the job, the results, and the file.
    """
    start = time.perf_counter()
    folders = {TEACHER: _one(out, TEACHER, 0, report)}
    teach = {'model.distiller.teachers.resnet18.checkpoint': str(folders[TEACHER] / FINAL)}
    seeds = 0
    while seeds < max_seeds and (seeds == 0 or time.perf_counter() - start < seconds):
        for name, options in ((ALONE, None), (TAUGHT, teach)):
            folders.setdefault(name, _one(out, name, seeds, report, options))
        seeds += 1
    return Outcome(seeds, folders)


def _one(out: Path, name: str, seed: int, report: Report, options: dict | None = None) -> Path:
    """Train and test one quickstart config without output; returns its work dir."""
    folder = out / name / f'seed{seed}'
    hooks = [{'type': 'ProgressHook', 'title': TITLES[name]}]  # without the seed: runs of one config differ only in it
    job = Job(f'{QUICKSTART}/{name}.py', {**QUIET, **(options or {}), 'custom_hooks': hooks}, work_dir=folder, seed=seed,
              overwrite=True)
    train(job)
    facts = test(replace(job, options=dict(QUIET), work_dir=folder / 'test'), folder / FINAL)
    report(job, facts, folder / 'results.json')
    return folder


def picture(out: Path, folders: dict[str, Path]) -> Path:
    """Figure of labels and predictions: one row per network, one column per task, two validation scenes.

    Args:
        out: folder to write ``predictions.png`` into.
        folders: name of the config -> work dir with its ``final.pth``.

    Returns:
        The path of the figure.
    """
    students = {name: load_student(f'{QUICKSTART}/{name}.py', folders[name] / FINAL) for name in TITLES}
    first = students[TEACHER]
    kinds = {name: task.kind for name, task in first.tasks.items()}
    classes = {CLASSES: first.tasks[CLASSES].out_channels}
    scenes: TaskDataset = DATASETS.build({**first.cfg.val_dataloader.dataset, 'tasks': kinds, 'num_classes': classes})
    blocks = []
    for index in SCENES:
        sample = scenes[index]
        image = torch.as_tensor(sample['image'])
        labels = {task: torch.as_tensor(value)[None] for task, value in sample['targets'].items()}
        rows = {'labels': labels}
        for name, student in students.items():
            with torch.no_grad():
                taps = student.net(student.preprocessor.normalise(image[None]))
            rows[TITLES[name]] = {task: student.tasks[task].predict(taps[f'{task}.out'], tuple(image.shape[-2:]))
                                  for task in labels}
        blocks.append((image.permute(1, 2, 0).numpy(), rows))
    far = float(max(rows['labels'][DEPTH].max() for _, rows in blocks))
    names = scenes.CLASSES[CLASSES]
    with matplotlib.rc_context(STYLE):
        figure = _figure(blocks, first.tasks, names, far)
        figure.canvas.draw()
        drawn = np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]
    path = out / 'predictions.png'
    atomic.write_picture(path, np.ascontiguousarray(drawn))
    return path


def _figure(blocks: Sequence, tasks: dict, names: Sequence[str], far: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    height = sum(len(rows) for _, rows in blocks)
    figure = Figure(figsize=(9.6, 1.22 * height + 0.9), dpi=110, layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots(height, 1 + len(tasks), squeeze=False)
    line = 0
    metres = None
    for image, rows in blocks:
        for title, values in rows.items():
            for place, cell in enumerate(axes[line]):
                cell.set_xticks([])
                cell.set_yticks([])
                cell.grid(False)
                for side in cell.spines.values():
                    side.set_visible(False)
                if place == 0:
                    _first(cell, image, title)
                    continue
                task = list(tasks)[place - 1]
                if task == DEPTH:
                    metres = cell.imshow(values[task][0, 0].numpy(), cmap='turbo_r', norm=Normalize(0, far))
                else:
                    cell.imshow(tasks[task].draw(values[task])[0].permute(1, 2, 0).numpy())
            line += 1
    for cell, heading in zip(axes[0], ['image', *(HEADINGS.get(task, task) for task in tasks)], strict=True):
        cell.set_title(heading)
    colours = palette()[:len(names)].numpy() / 255
    figure.legend([Patch(color=colour) for colour in colours], names, ncols=8, loc='outside lower center')
    if metres is not None:
        figure.colorbar(metres, ax=axes[:, 1 + list(tasks).index(DEPTH)], orientation='horizontal', label='m', pad=0.01,
                        shrink=0.9, aspect=14)
    return figure


def _first(cell: Axes, image: np.ndarray, title: str) -> None:
    """Draw the first cell of a row: the name of the row and, in the row of labels, the image."""
    if title == 'labels':
        cell.imshow(image)
    else:
        cell.set_facecolor('white')
    cell.set_ylabel(title, rotation=0, ha='right', va='center')


def results_table(board: SuiteBoard) -> Table:
    """Table of method, seeds, and one metric per task, for a terminal. All metrics are in the results files."""
    laid = table(board, 'measured')
    shown = Table(title='synthetic scenes, 64x96: mean ± 95 % interval over n seeds')
    kept = [i for i, head in enumerate(laid.heads) if head.text.split()[0] in ('Method', 'n') or '/' in head.text
            or any(head.text.startswith(task) for task in HEADINGS)]
    for i in kept:
        shown.add_column(laid.heads[i].text, justify='right' if laid.heads[i].numeric else 'left')
    for cells in laid.cells:
        shown.add_row(*(f'[bold]{cells[i].text}[/bold]' if cells[i].best else cells[i].text for i in kept))
    return shown


def verdict(board: SuiteBoard) -> str:
    """How often, over seeds and tasks, the distilled student was better than the student alone."""
    runs = {row.method: {run.seed: run for run in row.runs} for row in board.measured}
    alone, taught = runs.get(TITLES[ALONE], {}), runs.get(TITLES[TAUGHT], {})
    better = total = 0
    for column in (c for c in board.columns if c.shown):
        for seed in sorted(set(alone) & set(taught)):
            first, second = (of[seed].metrics.get(column.key) for of in (alone, taught))
            if first is not None and second is not None:
                total += 1
                better += (second > first) == column.higher_is_better and second != first
    return f'The taught student is better in {better} of {total} comparisons (one per seed and task).'
