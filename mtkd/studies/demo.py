"""The demo's runs: one after the other in this process, with one live line each."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from rich.table import Table

from .. import atomic
from ..engine.checkpoint import FINAL
from ..engine.record import describe
from ..engine.run import Job, TestFacts, test, train
from ..leaderboard import Result, SuiteBoard
from ..leaderboard.table import table

QUICKSTART = 'configs/quickstart'
TASKS = ('semseg', 'depth', 'normals', 'edge')
QUIET = {'log_level': 'ERROR', 'default_hooks.logger': None, 'default_hooks.checkpoint.interval': 1000,
         'test_evaluator.workers': 0}  # starting processes would take longer than scoring 64 small pictures
Report = Callable[[Job, TestFacts, Path], None]


def write_results(job: Job, facts: TestFacts, out: Path) -> None:
    """Write the results record of a test."""
    Result.of(facts.metrics, **describe(facts, job.config)).write(out)


def run(out: Path, max_seeds: int, seconds: float, report: Report = write_results) -> tuple[int, Path]:
    """Teacher, single-task references, then student alone and distilled, seed after seed while there is time.

    Args:
        out: folder for everything.
        max_seeds: seeds of the two students at most.
        seconds: begin no further seed after this long.
        report: writes the results record of a test; given the job, what was found, and the file.

    Returns:
        Number of seeds run, and the picture of predictions side by side.
    """
    start = time.perf_counter()
    teacher = _one(out, 'teacher', 'teacher', 0, report)
    for task in TASKS:
        _one(out, f'single_{task}', f'single task: {task}', 0, report)
    teach = {'model.distiller.teachers.resnet18.checkpoint': str(teacher / FINAL)}
    folders = []
    seeds = 0
    while seeds < max_seeds and (seeds == 0 or time.perf_counter() - start < seconds):
        folders.append(_one(out, 'student', 'student alone', seeds, report))
        folders.append(_one(out, 'student_kdam', 'student + KDAM', seeds, report, teach))
        seeds += 1
    return seeds, _side_by_side(out, [teacher, *folders[:2]], ['teacher', 'student alone', 'student + KDAM'])


def _one(out: Path, name: str, title: str, seed: int, report: Report, options: dict | None = None) -> Path:
    """Train and test one quickstart config, quietly; returns its work dir."""
    folder = out / name / f'seed{seed}'
    hooks = [{'type': 'ProgressHook', 'title': title}]
    job = Job(f'{QUICKSTART}/{name}.py', {**QUIET, **(options or {}), 'custom_hooks': hooks}, work_dir=folder, seed=seed,
              overwrite=True)
    train(job)
    facts = test(replace(job, options=dict(QUIET), work_dir=folder / 'test'), folder / FINAL, folder / 'pictures', 6)
    report(job, facts, folder / 'results.json')
    return folder


def _side_by_side(out: Path, folders: list[Path], titles: list[str]) -> Path:
    """One row a scene: the picture and its labels, then each network's predictions; each is a column of panels."""
    names = sorted(path.name for path in (folders[0] / 'pictures').glob('*.png'))[:4]
    columns = [[_captioned(np.asarray(cv2.imread(str(folder / 'pictures' / name))), title) for name in names]
               for folder, title in zip(folders, titles, strict=True)]
    path = out / 'predictions.png'
    atomic.write_picture(path, np.hstack([np.vstack(column) for column in columns])[..., ::-1])
    return path


def _captioned(panel: np.ndarray, title: str) -> np.ndarray:
    canvas = cv2.copyMakeBorder(panel, 18, 6, 4, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    return cv2.putText(canvas, title, (6, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)


def results_table(board: SuiteBoard) -> Table:
    """Method, seeds, one number a task and the gain; narrow enough for a terminal. The rest is in the results files."""
    laid = table(board, 'measured')
    shown = Table(title='synthetic scenes, 64x96: mean ± 95 % interval over n seeds')
    kept = [i for i, head in enumerate(laid.heads) if head.text.split()[0] in ('Method', 'n', 'Δ_mt') or '/' in head.text
            or any(head.text.startswith(task) for task in TASKS)]
    for i in kept:
        shown.add_column(laid.heads[i].text, justify='right' if laid.heads[i].numeric else 'left')
    for cells in laid.cells:
        shown.add_row(*(f'[bold]{cells[i].text}[/bold]' if cells[i].best else cells[i].text for i in kept))
    return shown
